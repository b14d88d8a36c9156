import { BerthError, conflict, errorKind, errorMessage } from '../../../core/index.ts';
import { containerResources } from '../../bundle/resources.ts';
import type { EngineParts } from '../../engine-parts.ts';
import type { HostConfig } from '../container-config.ts';

/** What `docker update` can change. */
const resources = [
  'BlkioWeight',
  'CpuShares',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'CpusetCpus',
  'CpusetMems',
  'Memory',
  'MemorySwap',
  'MemoryReservation',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
] as const satisfies readonly (keyof HostConfig)[];

/**
 * Settings with the changes that were given: a zero or '' changes nothing. Pure. Throws `conflict`
 * in Docker's words for limits that contradict those in force.
 */
export function changedSettings(
  current: Readonly<HostConfig>,
  change: Partial<HostConfig>,
): HostConfig {
  const refuse = (why: string) => conflict(why);
  if (change.NanoCpus && current.CpuPeriod) {
    throw refuse(
      'Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set',
    );
  }
  if (change.NanoCpus && current.CpuQuota) {
    throw refuse(
      'Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set',
    );
  }
  if (change.CpuPeriod && current.NanoCpus) {
    throw refuse(
      'Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set',
    );
  }
  if (change.CpuQuota && current.NanoCpus) {
    throw refuse(
      'Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set',
    );
  }
  const { MemorySwap: swap = 0 } = current;
  if (change.Memory && !change.MemorySwap && swap >= 0 && change.Memory > swap) {
    throw refuse(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  const policy = change.RestartPolicy;
  if (policy?.Name && policy.Name !== 'no' && current.AutoRemove) {
    throw refuse(
      'Restart policy cannot be updated because AutoRemove is enabled for the container',
    );
  }
  const given = resources.filter((name) => change[name]).map((name) => [name, change[name]]);
  return {
    ...current,
    ...Object.fromEntries(given),
    ...(change.PidsLimit !== undefined &&
      change.PidsLimit !== null && { PidsLimit: change.PidsLimit }),
    ...(policy?.Name && { RestartPolicy: policy }),
  };
}

/** Changes a container's limits and restart policy, those of its running processes too. */
export async function updateContainer(
  parts: EngineParts,
  ref: string,
  change: Partial<HostConfig>,
): Promise<{ warnings: string[] }> {
  const { id } = parts.table.find(ref);
  return parts.inTurn(id, async () => {
    const record = parts.table.find(id);
    try {
      if (record.state.kind === 'removing' || record.state.kind === 'dead') {
        throw conflict('container is marked for removal and cannot be "update"');
      }
      const hostConfig = changedSettings(record.hostConfig, change);
      await parts.runs.get(id)?.shim.task.update(containerResources(hostConfig));
      parts.tell(parts.table.change(id, { hostConfig }), 'update');
    } catch (error) {
      const message = `Cannot update container ${id}: ${errorMessage(error)}`;
      throw new BerthError(errorKind(error), message, { cause: error });
    }
    return { warnings: [] };
  });
}
