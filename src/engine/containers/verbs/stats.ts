import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Cgroups } from '../../../linux/index.ts';
import type { EngineParts } from '../../engine-parts.ts';
import { joinedContainer } from '../../runs/namespaces.ts';
import { aliveRun } from '../../runs/run.ts';
import type { ContainerStats } from '../containers.ts';
import { isAlive } from '../transition.ts';

const tickNs = 1e7;

/** One reading of a running container's counters. Throws `conflict` when it does not run. */
export function statsOf(parts: EngineParts, ref: string): ContainerStats {
  const record = parts.table.find(ref);
  const { state, hostConfig } = record;
  const { cgroupPath } = aliveRun(parts, record);
  const { cgroups } = parts;
  const counters =
    cgroups.version === 1 ? version1(cgroups, cgroupPath) : version2(cgroups, cgroupPath);
  const isShared =
    hostConfig.NetworkMode === 'host' || joinedContainer(hostConfig.NetworkMode) !== undefined;
  return {
    readAtMs: parts.now(),
    ...counters,
    cpu: {
      ...counters.cpu,
      hostTotalNs: hostCpuNs(read('/proc/stat')),
      onlineCpus: availableParallelism(),
    },
    networks: isShared || !isAlive(state) ? {} : parseNetDev(read(`/proc/${state.pid}/net/dev`)),
  };
}

type Counters = Pick<ContainerStats, 'pids' | 'pidsLimit' | 'memory' | 'blockIo'> & {
  cpu: Omit<ContainerStats['cpu'], 'hostTotalNs' | 'onlineCpus'>;
};

function version1(cgroups: Cgroups, path: string): Counters {
  const one = (controller: string, file: string) => Number(cgroups.read(path, controller, file));
  const ticks = pairs(cgroups.read(path, 'cpuacct', 'cpuacct.stat'));
  const throttle = pairs(cgroups.read(path, 'cpu', 'cpu.stat'));
  return {
    ...pidsOf(cgroups, path),
    cpu: {
      totalNs: one('cpuacct', 'cpuacct.usage'),
      userNs: (ticks.user ?? 0) * tickNs,
      systemNs: (ticks.system ?? 0) * tickNs,
      periods: throttle.nr_periods ?? 0,
      throttledPeriods: throttle.nr_throttled ?? 0,
      throttledNs: throttle.throttled_time ?? 0,
    },
    memory: {
      usageBytes: one('memory', 'memory.usage_in_bytes'),
      limitBytes: Math.min(one('memory', 'memory.limit_in_bytes'), totalmem()),
      stats: pairs(cgroups.read(path, 'memory', 'memory.stat')),
    },
    blockIo: parseBlkio(cgroups.read(path, 'blkio', 'blkio.throttle.io_service_bytes_recursive')),
  };
}

function version2(cgroups: Cgroups, path: string): Counters {
  const cpu = pairs(cgroups.read(path, 'cpu', 'cpu.stat'));
  const limit = cgroups.read(path, 'memory', 'memory.max').trim();
  return {
    ...pidsOf(cgroups, path),
    cpu: {
      totalNs: (cpu.usage_usec ?? 0) * 1000,
      userNs: (cpu.user_usec ?? 0) * 1000,
      systemNs: (cpu.system_usec ?? 0) * 1000,
      periods: cpu.nr_periods ?? 0,
      throttledPeriods: cpu.nr_throttled ?? 0,
      throttledNs: (cpu.throttled_usec ?? 0) * 1000,
    },
    memory: {
      usageBytes: Number(cgroups.read(path, 'memory', 'memory.current')),
      limitBytes:
        limit === '' || limit === 'max' ? totalmem() : Math.min(Number(limit), totalmem()),
      stats: pairs(cgroups.read(path, 'memory', 'memory.stat')),
    },
    blockIo: parseIoStat(cgroups.read(path, 'io', 'io.stat')),
  };
}

function pidsOf(cgroups: Cgroups, path: string): Pick<ContainerStats, 'pids' | 'pidsLimit'> {
  const limit = cgroups.read(path, 'pids', 'pids.max').trim();
  return {
    pids: Number(cgroups.read(path, 'pids', 'pids.current')),
    ...(limit !== '' && limit !== 'max' && { pidsLimit: Number(limit) }),
  };
}

/** `name value` a line. */
function pairs(text: string): Record<string, number> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '))
      .map(([name, value]) => [name, Number(value)]),
  );
}

/** `8:0 Read 4096` a line (version 1). */
export function parseBlkio(text: string): ContainerStats['blockIo'] {
  return [...text.matchAll(/^(\d+):(\d+) (Read|Write) (\d+)$/gm)].map(
    ([, major, minor, op, bytes]) => ({
      major: Number(major),
      minor: Number(minor),
      op: op === 'Read' ? 'read' : 'write',
      bytes: Number(bytes),
    }),
  );
}

/** `8:0 rbytes=4096 wbytes=0 …` a line (version 2). */
export function parseIoStat(text: string): ContainerStats['blockIo'] {
  return [...text.matchAll(/^(\d+):(\d+) .*?rbytes=(\d+) wbytes=(\d+)/gm)].flatMap(
    ([, major, minor, read, written]) => {
      const device = { major: Number(major), minor: Number(minor) };
      return [
        { ...device, op: 'read' as const, bytes: Number(read) },
        { ...device, op: 'write' as const, bytes: Number(written) },
      ];
    },
  );
}

/** The lines of /proc/net/dev, without the loopback. */
export function parseNetDev(text: string): ContainerStats['networks'] {
  const interfaces = [...text.matchAll(/^\s*([^\s:]+):\s*(.+)$/gm)].filter(
    ([, name]) => name !== 'lo',
  );
  return Object.fromEntries(
    interfaces.map(([, name, rest]) => {
      const n = rest!.trim().split(/\s+/).map(Number);
      return [
        name,
        {
          rxBytes: n[0]!,
          rxPackets: n[1]!,
          rxErrors: n[2]!,
          rxDropped: n[3]!,
          txBytes: n[8]!,
          txPackets: n[9]!,
          txErrors: n[10]!,
          txDropped: n[11]!,
        },
      ];
    }),
  );
}

/** All time the machine's processors spent, the first seven columns of the line `cpu`. */
export function hostCpuNs(text: string): number {
  const columns = /^cpu\s+(.+)$/m.exec(text)?.[1]?.split(/\s+/).slice(0, 7) ?? [];
  return columns.reduce((sum, ticks) => sum + Number(ticks), 0) * tickNs;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process ended meanwhile.
    return '';
  }
}
