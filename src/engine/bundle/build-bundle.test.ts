import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ContainerConfig, HostConfig } from '../containers/container-config.ts';
import { type BundleInput, buildBundle } from './build-bundle.ts';
import { defaultCapabilities } from './capabilities.ts';
import type { HostFacts } from './host-facts.ts';
import { defaultSeccomp } from './seccomp.ts';
import type { OciSpec } from './spec.ts';

const host: HostFacts = {
  arch: 'x64',
  kernel: [6, 1],
  cgroupVersion: 1,
  seccomp: true,
  missingAbis: [],
  apparmor: false,
  capabilities: [...defaultCapabilities, 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN', 'CAP_SYS_PTRACE'],
  mostOpenFiles: 20_000,
  thermalPaths: ['/sys/devices/system/cpu/cpu0/thermal_throttle'],
  networkSysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
  initPath: '/usr/bin/tini-static',
};

/** `request.json` of a case: what differs from a plain `docker run IMAGE sh`. */
interface Case {
  config?: Partial<ContainerConfig>;
  hostConfig?: HostConfig;
  input?: Partial<BundleInput>;
  host?: Partial<HostFacts>;
}

function inputOf(request: Case): BundleInput {
  return {
    container: {
      id: 'c0ffee',
      argv: ['sh'],
      config: { Image: 'debian', Env: ['PATH=/bin', 'LANG=C'], ...request.config },
      hostConfig: { ShmSize: 67_108_864, NetworkMode: 'bridge', ...request.hostConfig },
    },
    rootPath: '/snapshots/1/root',
    mounts: [],
    namespaces: {
      network: { path: '/run/berth/netns/c0ffee' },
      ipc: 'own',
      pid: 'own',
      uts: 'own',
      cgroup: 'host',
    },
    user: { uid: 0, gid: 0, additionalGids: [0] },
    devices: [],
    hostname: 'c0ffee',
    ...request.input,
    host: { ...host, ...request.host },
  };
}

/** The default filter is long and has its own test: goldens only say that it is there. */
function brief(spec: OciSpec): unknown {
  const capabilities = spec.process.capabilities?.bounding ?? [];
  const target = { capabilities, arch: host.arch, kernel: host.kernel, missingAbis: [] };
  const { seccomp } = spec.linux;
  const isDefault = seccomp && JSON.stringify(seccomp) === JSON.stringify(defaultSeccomp(target));
  const linux = { ...spec.linux, seccomp: isDefault ? 'the default filter' : seccomp };
  return JSON.parse(JSON.stringify({ ...spec, linux }));
}

const folder = join(import.meta.dirname, 'testdata', 'bundles');

describe('buildBundle', () => {
  for (const name of readdirSync(folder)) {
    it(`writes the bundle of ${name}`, () => {
      const request = JSON.parse(readFileSync(join(folder, name, 'request.json'), 'utf8')) as Case;
      const spec = brief(buildBundle(inputOf(request)));
      const golden = join(folder, name, 'config.json');
      if (process.env.UPDATE_GOLDEN) writeFileSync(golden, `${JSON.stringify(spec, null, 2)}\n`);
      assert.deepEqual(spec, JSON.parse(readFileSync(golden, 'utf8')));
    });
  }

  for (const [what, request, message] of [
    [
      'an unknown capability',
      { hostConfig: { CapAdd: ['NOPE'] } },
      /unknown capability: "CAP_NOPE"/,
    ],
    [
      'a capability the daemon lacks',
      { hostConfig: { CapAdd: ['SYS_TIME'] } },
      /not available in the current environment: "CAP_SYS_TIME"/,
    ],
    [
      'a GPU without a driver',
      { hostConfig: { DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] } },
      /could not select device driver "" with capabilities: \[\[gpu\]\]/,
    ],
    [
      '--init without an init',
      { hostConfig: { Init: true }, host: { initPath: undefined } },
      /"docker-init": executable file not found/,
    ],
    [
      'a damaged seccomp profile',
      { hostConfig: { SecurityOpt: ['seccomp={'] } },
      /decoding seccomp profile failed/,
    ],
    [
      'an unknown security option',
      { hostConfig: { SecurityOpt: ['magic=1'] } },
      /invalid --security-opt 2: "magic=1"/,
    ],
    [
      'a device rule that is none',
      { hostConfig: { DeviceCgroupRules: ['c 1 rwm'] } },
      /invalid device cgroup rule format: 'c 1 rwm'/,
    ],
  ] satisfies [string, Case, RegExp][]) {
    it(`refuses ${what}`, () => {
      assert.throws(() => buildBundle(inputOf(request)), { kind: 'invalid', message });
    });
  }
});
