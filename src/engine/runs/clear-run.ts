import { errnoCode, errorKind } from '../../core/index.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import {
  containerPaths,
  type EngineParts,
  shimEventsPath,
  shimSocketsPath,
} from '../engine-parts.ts';
import { connectShim, deleteShim, type Shim, type ShimOptions } from '../runtime/shim.ts';
import { removeBundleFolder } from './bundle-folder.ts';

/** What names a container that is cleared up after; its record may be gone. */
type Cleared = Pick<ContainerRecord, 'id' | 'runtime'>;

/** How to reach the shim of a container. */
export function shimOptions(
  parts: Pick<EngineParts, 'runtimes' | 'paths'>,
  { id, runtime }: Cleared,
): ShimOptions {
  return {
    id,
    bundlePath: containerPaths(parts.paths, id).bundlePath,
    // A shim outlives its runtime's place in the configuration: the default one's clears up then.
    binary: (parts.runtimes.find(runtime) ?? parts.runtimes.get()).shimBinary,
    eventsPath: shimEventsPath(parts.paths),
    socketsPath: shimSocketsPath(parts.paths),
  };
}

/**
 * Takes away all that a run had: processes, shim, network, streams, mounts, bundle; whatever of it
 * there is, so that it serves after an end, a failed start and a crash alike. Idempotent. A network
 * that does not go keeps nothing else; processes that do not go keep all they use.
 */
export async function clearRun(parts: EngineParts, of: Cleared, shim?: Shim): Promise<void> {
  const { id } = of;
  const { bundlePath } = containerPaths(parts.paths, id);
  const [processes, network] = await Promise.allSettled([
    dismissShim(parts, of, shim),
    parts.networks.tearDown(id),
  ]);
  if (processes.status === 'rejected') throw processes.reason;
  // The runtime has let go of the fifos now: what is still in them is all there will be.
  await settleAll([parts.outputs.close(id), unmountRoot(parts, id)]);
  await removeBundleFolder(bundlePath);
  await parts.volumes.unmount(id);
  if (network.status === 'rejected') throw network.reason;
}

/** Ends the shim in good order, or clears up after one that is gone. */
async function dismissShim(
  parts: EngineParts,
  of: Cleared,
  known: Shim | undefined,
): Promise<void> {
  const options = shimOptions(parts, of);
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
    if (shim) await endShim(shim);
  } finally {
    void shim?.closed.then(() => shim?.[Symbol.dispose]());
  }
}

/** A shim that could not delete its container thinks it has one still, and would stay for ever. */
async function endShim({ task }: Shim): Promise<void> {
  try {
    const { shimPid } = await task.connect();
    process.kill(shimPid, 'SIGKILL');
  } catch (error) {
    // It has gone by itself.
    if (errorKind(error) !== 'unavailable' && errnoCode(error) !== 'ESRCH') throw error;
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
    try {
      await task.kill(9, { all: true });
    } catch (failure) {
      // It has ended since.
      if (errorKind(failure) !== 'not-found') throw failure;
    }
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
