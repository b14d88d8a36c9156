import { setTimeout as sleep } from 'node:timers/promises';
import { errorKind } from '../../../core/index.ts';
import type { Container, ContainerStats, Containers } from '../../../engine/index.ts';
import { json, jsonLines, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { rfc3339 } from '../timestamp.ts';
import { isRunning } from './state-view.ts';

const intervalMs = 1000;

/**
 * `docker stats`: one reading a second, each with the one before it; `stream=0` gives one such pair,
 * with `one-shot=1` a single reading at once.
 */
export async function containerStats(containers: Containers, request: ApiRequest): Promise<Reply> {
  const { query, signal } = request;
  const container = containers.get(request.params.id!);
  if (query.flag('stream', true)) return jsonLines(statsStream(containers, container, signal));
  const first = await readStats(containers, container);
  if (!first || query.flag('one-shot')) return json(statsView(container, first, undefined));
  await sleep(intervalMs, undefined, { signal });
  return json(statsView(container, await readStats(containers, container), first));
}

async function* statsStream(
  containers: Containers,
  { id }: Container,
  signal: AbortSignal,
): AsyncIterable<unknown> {
  let previous: ContainerStats | undefined;
  while (!signal.aborted) {
    const container = findContainer(containers, id);
    if (!container) return;
    const reading = await readStats(containers, container);
    yield statsView(container, reading, previous);
    previous = reading;
    await sleep(intervalMs, undefined, { signal }).catch(() => {});
  }
}

function findContainer(containers: Containers, id: string): Container | undefined {
  try {
    return containers.get(id);
  } catch (error) {
    if (errorKind(error) === 'not-found') return undefined;
    throw error;
  }
}

/** Undefined for a container that does not run, or stopped just now. */
async function readStats(
  containers: Containers,
  container: Container,
): Promise<ContainerStats | undefined> {
  if (!isRunning(container)) return undefined;
  try {
    return await containers.stats(container.id);
  } catch (error) {
    if (errorKind(error) === 'conflict' || errorKind(error) === 'not-found') return undefined;
    throw error;
  }
}

/** The JSON of a reading; all zero without one. */
export function statsView(
  container: Container,
  reading: ContainerStats | undefined,
  previous: ContainerStats | undefined,
): unknown {
  return {
    name: `/${container.name}`,
    id: container.id,
    read: rfc3339(reading?.readAtMs),
    preread: rfc3339(previous?.readAtMs),
    pids_stats: reading ? { current: reading.pids, limit: reading.pidsLimit } : {},
    blkio_stats: blockIoView(reading),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuView(reading?.cpu),
    precpu_stats: cpuView(previous?.cpu),
    memory_stats: memoryView(reading?.memory),
    ...(reading && Object.keys(reading.networks).length > 0 && { networks: networksView(reading) }),
  };
}

function cpuView(cpu: ContainerStats['cpu'] | undefined): unknown {
  return {
    cpu_usage: {
      total_usage: cpu?.totalNs ?? 0,
      usage_in_kernelmode: cpu?.systemNs ?? 0,
      usage_in_usermode: cpu?.userNs ?? 0,
    },
    ...(cpu && { system_cpu_usage: cpu.hostTotalNs, online_cpus: cpu.onlineCpus }),
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: cpu?.throttledNs ?? 0,
    },
  };
}

function memoryView(memory: ContainerStats['memory'] | undefined): unknown {
  if (!memory) return {};
  return { usage: memory.usageBytes, stats: memory.stats, limit: memory.limitBytes };
}

function blockIoView(reading: ContainerStats | undefined): unknown {
  const nothing = reading ? [] : null;
  return {
    io_service_bytes_recursive:
      reading?.blockIo.map(({ major, minor, op, bytes }) => ({ major, minor, op, value: bytes })) ??
      null,
    io_serviced_recursive: nothing,
    io_queue_recursive: nothing,
    io_service_time_recursive: nothing,
    io_wait_time_recursive: nothing,
    io_merged_recursive: nothing,
    io_time_recursive: nothing,
    sectors_recursive: nothing,
  };
}

function networksView({ networks }: ContainerStats): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(networks).map(([name, counters]) => [
      name,
      {
        rx_bytes: counters.rxBytes,
        rx_packets: counters.rxPackets,
        rx_errors: counters.rxErrors,
        rx_dropped: counters.rxDropped,
        tx_bytes: counters.txBytes,
        tx_packets: counters.txPackets,
        tx_errors: counters.txErrors,
        tx_dropped: counters.txDropped,
      },
    ]),
  );
}
