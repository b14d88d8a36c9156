import type { HostConfig } from '../containers/container-config.ts';
import type { OciResources, OciRlimit, RlimitValue } from './spec.ts';

declare global {
  interface JSON {
    /** ECMAScript's JSON.parse source text access: a value that is written as the text it was given. */
    rawJSON(text: string): { readonly rawJSON: string };
  }
}

const nanosPerCpu = 1e9;
const defaultPeriodUs = 100_000;

/** cgroup limits from Docker's settings; defaults (swap twice the memory) are filled in at create. */
export function containerResources(config: Readonly<HostConfig>): OciResources {
  return {
    memory: compact({
      limit: positive(config.Memory),
      reservation: positive(config.MemoryReservation),
      swap: config.MemorySwap ? config.MemorySwap : undefined,
      swappiness: isSwappiness(config.MemorySwappiness) ? config.MemorySwappiness : undefined,
      disableOOMKiller: config.OomKillDisable || undefined,
    }),
    cpu: compact({
      shares: positive(config.CpuShares),
      ...cpuTime(config),
      realtimePeriod: positive(config.CpuRealtimePeriod),
      realtimeRuntime: positive(config.CpuRealtimeRuntime),
      cpus: config.CpusetCpus || undefined,
      mems: config.CpusetMems || undefined,
    }),
    ...(config.PidsLimit !== undefined &&
      config.PidsLimit !== null && {
        pids: { limit: config.PidsLimit > 0 ? config.PidsLimit : -1 },
      }),
    ...(config.BlkioWeight && { blockIO: { weight: config.BlkioWeight } }),
  };
}

function cpuTime(config: Readonly<HostConfig>): { quota?: number; period?: number } {
  if (config.NanoCpus) {
    const quota = Math.floor((config.NanoCpus * defaultPeriodUs) / nanosPerCpu);
    return { quota, period: defaultPeriodUs };
  }
  return { quota: config.CpuQuota || undefined, period: positive(config.CpuPeriod) };
}

/** Docker's wish for open files where the machine grants it. */
const wantedOpenFiles = 1_048_576;

/**
 * The process's limits. What was asked for is passed on as it is; the default of open files is cut
 * to what the daemon may set, because a runtime without CAP_SYS_RESOURCE fails on more.
 */
export function containerRlimits(asked: HostConfig['Ulimits'], mostOpenFiles: number): OciRlimit[] {
  const limits = (asked ?? []).map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    soft: rlimitValue(Soft),
    hard: rlimitValue(Hard),
  }));
  if (limits.some(({ type }) => type === 'RLIMIT_NOFILE')) return limits;
  const files = Math.min(wantedOpenFiles, mostOpenFiles);
  return [...limits, { type: 'RLIMIT_NOFILE', soft: files, hard: files }];
}

/** RLIM_INFINITY is 2^64 - 1. */
function rlimitValue(value: number): RlimitValue {
  return value < 0 ? JSON.rawJSON('18446744073709551615') : value;
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

function isSwappiness(value: number | undefined): boolean {
  return value !== undefined && value >= 0;
}

/** Without the undefined members; undefined when none is left. */
function compact<T extends object>(value: T): T | undefined {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as T) : undefined;
}
