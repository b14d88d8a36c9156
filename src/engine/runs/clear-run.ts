import { rm } from 'node:fs/promises';
import { errorKind } from '../../core/index.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import {
  containerPaths,
  type EngineParts,
  shimEventsPath,
  shimSocketsPath,
} from '../engine-parts.ts';
import { connectShim, deleteShim, type Shim, type ShimOptions } from '../runtime/shim.ts';
import { unmountBundle } from './mount-sources.ts';

/** How to reach the shim of a container. */
export function shimOptions(
  parts: Pick<EngineParts, 'runtimes' | 'paths'>,
  { id, runtime }: ContainerRecord,
): ShimOptions {
  return {
    id,
    bundlePath: containerPaths(parts.paths, id).bundlePath,
    binary: parts.runtimes.get(runtime).shimBinary,
    eventsPath: shimEventsPath(parts.paths),
    socketsPath: shimSocketsPath(parts.paths),
  };
}

/**
 * Takes away all that a run had: processes, shim, network, streams, mounts, bundle; whatever of it
 * there is, so that it serves after an end, a failed start and a crash alike. Idempotent.
 */
export async function clearRun(
  parts: EngineParts,
  record: ContainerRecord,
  shim?: Shim,
): Promise<void> {
  const { id } = record;
  const { bundlePath } = containerPaths(parts.paths, id);
  await settleAll([dismissShim(parts, record, shim), parts.networks.tearDown(id)]);
  // The runtime has let go of the fifos now: what is still in them is all there will be.
  await settleAll([parts.outputs.close(id), unmountRoot(parts, id), unmountBundle({ bundlePath })]);
  await settleAll([parts.volumes.unmount(id), rm(bundlePath, { recursive: true, force: true })]);
}

/** Ends the shim in good order, or clears up after one that is gone. */
async function dismissShim(
  parts: EngineParts,
  record: ContainerRecord,
  known: Shim | undefined,
): Promise<void> {
  const options = shimOptions(parts, record);
  let shim = known;
  try {
    shim ??= await connectShim(options);
    const isDeleted = await deleteTask(shim);
    // It goes by itself from here; nobody needs to see it gone.
    const shutdown = shim.task.shutdown().catch(() => {});
    if (isDeleted) return;
    // A creation cut short: the runtime may have kept what the shim knows nothing of.
    await shutdown;
    await deleteShim(options);
  } catch {
    await deleteShim(options);
  } finally {
    void shim?.closed.then(() => shim?.[Symbol.dispose]());
  }
}

/** False when the shim has no such task. */
async function deleteTask({ task }: Shim): Promise<boolean> {
  try {
    await task.delete();
  } catch (error) {
    if (errorKind(error) === 'not-found') return false;
    if (errorKind(error) !== 'conflict') throw error;
    // It is still running: a start that failed half-way, or the leftover of a crash.
    const ended = task.wait();
    await task.kill(9, { all: true });
    await ended;
    await task.delete();
  }
  return true;
}

async function unmountRoot({ snapshots, isRootHeld }: EngineParts, id: string): Promise<void> {
  if (isRootHeld(id)) return;
  try {
    await (await snapshots.get(id)).unmount();
  } catch (error) {
    if (errorKind(error) !== 'not-found') throw error;
  }
}

/** Waits for all, then throws the first failure: nothing goes on behind the caller's back. */
export async function settleAll(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason;
  }
}
