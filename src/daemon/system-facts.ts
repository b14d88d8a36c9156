import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, hostname, machine, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SystemFacts } from '../api/index.ts';
import { errnoCode, hostPlatform, randomId } from '../core/index.ts';
import type { Config } from './config.ts';
import { readOrCreate } from './read-or-create.ts';

/** What `docker info` and `docker version` tell; the parts that cannot change are read once. */
export async function readSystemFacts(config: Config): Promise<() => SystemFacts> {
  const cgroup = readCgroup();
  const fixed = {
    id: readOrCreate(join(config.rootPath, 'daemon-id'), randomId),
    hostName: hostname(),
    ...readVersion(),
    rootPath: config.rootPath,
    labels: config.labels,
    debug: false,
    components: await componentVersions(config),
    kernelVersion: release(),
    ...readOsRelease(),
    architecture: hostPlatform().architecture,
    machine: machine(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    cgroup,
    storageStatus: [['Backing Filesystem', filesystemOf(config.rootPath)]] as const,
    logDrivers: ['json-file', 'local', 'none'],
    networkDrivers: ['bridge', 'host', 'null'],
    securityOptions: [
      'name=seccomp,profile=builtin',
      ...(cgroup.version === 2 ? ['name=cgroupns'] : []),
    ],
    runtimes: { runc: { path: 'runc' }, ...config.runtimes },
    defaultRuntime: config.defaultRuntime,
    initPath: 'tini',
    registries: {
      insecure: config.insecureRegistries,
      insecureNetworks: ['127.0.0.0/8', '::1/128'],
      mirrors: config.registryMirrors,
    },
    proxies: {
      http: process.env.HTTP_PROXY ?? '',
      https: process.env.HTTPS_PROXY ?? '',
      no: process.env.NO_PROXY ?? '',
    },
    warnings: [],
  };
  return () => ({
    ...fixed,
    ipv4Forwarding: readText('/proc/sys/net/ipv4/ip_forward').trim() === '1',
  });
}

function readVersion(): Pick<SystemFacts, 'version' | 'gitCommit' | 'buildTime'> {
  const file = join(import.meta.dirname, '../../package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return { version, gitCommit: '', buildTime: '' };
}

function readOsRelease(): Pick<SystemFacts, 'operatingSystem' | 'osVersion'> {
  const values = new Map(
    readText('/etc/os-release')
      .split('\n')
      .flatMap((line) => {
        const match = /^([A-Z_]+)="?([^"]*)"?$/.exec(line);
        return match ? [[match[1]!, match[2]!] as const] : [];
      }),
  );
  return {
    operatingSystem: values.get('PRETTY_NAME') ?? 'Linux',
    osVersion: values.get('VERSION_ID') ?? '',
  };
}

/** Controllers under the names `docker info` has for them. */
function readCgroup(): SystemFacts['cgroup'] {
  const unified = readText('/sys/fs/cgroup/cgroup.controllers').split(/\s+/).filter(Boolean);
  if (unified.length > 0) {
    return { driver: 'cgroupfs', version: 2, controllers: [...unified, 'swap'] };
  }
  const controllers = ['memory', 'cpu', 'cpuset', 'pids'].filter((name) =>
    existsSync(`/sys/fs/cgroup/${name}`),
  );
  const swap = existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes') ? ['swap'] : [];
  const oom = existsSync('/sys/fs/cgroup/memory/memory.oom_control') ? ['oom'] : [];
  return { driver: 'cgroupfs', version: 1, controllers: [...controllers, ...swap, ...oom] };
}

/** Of the longest mount point that holds the path. */
function filesystemOf(path: string): string {
  let best = { point: '', type: 'unknown' };
  for (const line of readText('/proc/self/mounts').split('\n')) {
    const [, point = '', type = ''] = line.split(' ');
    const holds = point === '/' || path === point || path.startsWith(`${point}/`);
    if (holds && point.length >= best.point.length) best = { point, type };
  }
  return best.type === 'ext4' ? 'extfs' : best.type;
}

async function componentVersions(config: Config): Promise<SystemFacts['components']> {
  const shim = await versionOf(
    'containerd-shim-runc-v2',
    ['-v'],
    /Version:\s+(\S+)[\s\S]*Revision:\s+(\S+)/,
  );
  const runc = await versionOf(
    config.runtimes.runc?.path ?? 'runc',
    ['--version'],
    /version (\S+)(?:\ncommit: (\S+))?/,
  );
  return [
    { name: 'containerd', ...shim },
    { name: 'runc', ...runc },
  ];
}

async function versionOf(
  program: string,
  args: string[],
  pattern: RegExp,
): Promise<{ version: string; commit: string }> {
  const output = await promisify(execFile)(program, args).catch((error: unknown) => {
    if (errnoCode(error) === 'ENOENT') return { stdout: '' };
    throw error;
  });
  const match = pattern.exec(output.stdout);
  return { version: match?.[1] ?? 'not found', commit: match?.[2] ?? '' };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return '';
    throw error;
  }
}
