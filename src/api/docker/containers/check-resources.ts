import { invalid } from '../../../core/index.ts';
import type { HostConfig } from '../../../engine/index.ts';

const smallestMemoryBytes = 6 * 2 ** 20;

/**
 * Checks the limits of a container against each other and against the machine's CPUs. Throws
 * `invalid` in Docker's words.
 */
export function checkResources(host: HostConfig, cpus: number): void {
  checkMemory(host);
  checkCpu(host, cpus);
  checkCpuset(host.CpusetCpus, 'cpus', cpus);
  checkCpuset(host.CpusetMems, 'mems', undefined);
  for (const { Name } of host.Ulimits ?? []) {
    if (!Name) throw invalid('invalid ulimit type: ');
  }
}

function checkMemory(host: HostConfig): void {
  const memory = host.Memory ?? 0;
  const swap = host.MemorySwap ?? 0;
  const reservation = host.MemoryReservation ?? 0;
  const swappiness = host.MemorySwappiness ?? -1;
  if (memory !== 0 && memory < smallestMemoryBytes) {
    throw invalid('Minimum memory limit allowed is 6MB');
  }
  if (memory > 0 && swap > 0 && swap < memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (swappiness < -1 || swappiness > 100) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  if (reservation > 0 && reservation < smallestMemoryBytes) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (memory > 0 && reservation > 0 && memory < reservation) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function checkCpu(host: HostConfig, cpus: number): void {
  const nanoCpus = host.NanoCpus ?? 0;
  const period = host.CpuPeriod ?? 0;
  const quota = host.CpuQuota ?? 0;
  if (nanoCpus > 0 && (period > 0 || quota > 0)) {
    const other = period > 0 ? 'CPU Period' : 'CPU Quota';
    throw invalid(`Conflicting options: Nano CPUs and ${other} cannot both be set`);
  }
  if (nanoCpus < 0 || nanoCpus > cpus * 1e9 || (nanoCpus > 0 && nanoCpus < 1e7)) {
    throw invalid(
      `range of CPUs is from 0.01 to ${cpus.toFixed(2)}, as there are only ${cpus} CPUs available`,
    );
  }
  if ((host.CpuShares ?? 0) < 0) {
    throw invalid(`invalid CPU shares (${host.CpuShares}): value must be a positive integer`);
  }
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw invalid(
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    );
  }
  if (quota > 0 && quota < 1000) {
    throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  }
}

/** A list such as `0-3,7`; of CPUs it must also be at hand. */
function checkCpuset(text: string | undefined, what: 'cpus' | 'mems', count?: number): void {
  if (text === undefined || text === '') return;
  for (const part of text.split(',')) {
    const range = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    const first = Number(range?.[1]);
    const last = Number(range?.[2] ?? range?.[1]);
    if (!range || first > last) {
      throw invalid(`Invalid value ${text} for cpuset ${what}: invalid format: ${text}`);
    }
    if (count !== undefined && last >= count) {
      throw invalid(
        `Requested CPUs are not available - requested ${text}, available: ${count > 1 ? `0-${count - 1}` : '0'}`,
      );
    }
  }
}
