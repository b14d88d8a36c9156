import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { kernelServesX32 } from '../../linux/index.ts';
import { capabilitiesOfMask } from './capabilities.ts';

/** What a bundle depends on beside the container: read once, when the engine starts. */
export interface HostFacts {
  /** Node's name of the architecture. */
  readonly arch: string;
  readonly kernel: readonly [major: number, minor: number];
  /** 1 also for a hybrid, where the controllers are in version 1's trees. */
  readonly cgroupVersion: 1 | 2;
  readonly seccomp: boolean;
  /** Kernel ABIs whose rules a filter needs not hold: they cost milliseconds at each start. */
  readonly missingAbis: readonly string[];
  readonly apparmor: boolean;
  /** Capabilities the daemon can hand on. */
  readonly capabilities: readonly string[];
  /** Hard limit of open files; nobody without CAP_SYS_RESOURCE gets more. */
  readonly mostOpenFiles: number;
  /** Files under /sys that tell how hot a processor is: a side channel, so they are masked. */
  readonly thermalPaths: readonly string[];
  /** Sysctls that Docker opens up in a network namespace of its own. */
  readonly networkSysctls: Readonly<Record<string, string>>;
  /** A small init for `--init`, when the machine has one. */
  readonly initPath?: string;
  /** Hook that prepares NVIDIA devices, when the machine has it. */
  readonly nvidiaHookPath?: string;
}

const openedSysctls = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};

export function readHostFacts(): HostFacts {
  const status = readFileSync('/proc/self/status', 'utf8');
  const [major = 0, minor = 0] = release().split('.').map(Number.parseFloat);
  const initPath = findInPath('docker-init') ?? findInPath('tini-static');
  const nvidiaHookPath = findInPath('nvidia-container-runtime-hook');
  return {
    arch: process.arch,
    kernel: [major, minor],
    cgroupVersion: existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1,
    seccomp: /^Seccomp:/m.test(status),
    missingAbis: kernelServesX32() ? [] : ['SCMP_ARCH_X32'],
    apparmor: apparmorProfileLoaded(),
    capabilities: capabilitiesOfMask(/^CapBnd:\s*(\w+)/m.exec(status)?.[1] ?? '0'),
    mostOpenFiles: hardLimit('Max open files'),
    thermalPaths: thermalPaths(),
    networkSysctls: Object.fromEntries(
      Object.entries(openedSysctls).filter(([name]) =>
        existsSync(`/proc/sys/${name.replaceAll('.', '/')}`),
      ),
    ),
    ...(initPath && { initPath }),
    ...(nvidiaHookPath && { nvidiaHookPath }),
  };
}

/** Docker's profile is used where it is loaded; loading one is the operator's affair. */
function apparmorProfileLoaded(): boolean {
  try {
    const profiles = readFileSync('/sys/kernel/security/apparmor/profiles', 'utf8');
    return /^docker-default /m.test(profiles);
  } catch {
    return false;
  }
}

function hardLimit(name: string): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const hard = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, 'm').exec(limits)?.[1];
  return hard === undefined || hard === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(hard);
}

function thermalPaths(): string[] {
  const folder = '/sys/devices/system/cpu';
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => join(folder, name, 'thermal_throttle'))
    .filter((path) => existsSync(path));
}

function findInPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/libexec/docker', '/usr/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
