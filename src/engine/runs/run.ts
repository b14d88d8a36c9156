import type { Container } from '../containers/container.ts';
import type { Exec } from '../containers/containers.ts';
import { isAlive, notRunning } from '../containers/transition.ts';
import type { ContainerPaths } from '../engine-parts.ts';
import type { Shim } from '../runtime/shim.ts';
import type { Stdin } from './stdin.ts';

/** A container whose processes exist, from its start to the end of all clearing up. */
export interface Run {
  readonly id: string;
  readonly shim: Shim;
  readonly paths: ContainerPaths;
  /** Its path in the cgroup trees. */
  readonly cgroupPath: string;
  readonly terminal: boolean;
  /** Undefined for a container without an open standard input. */
  readonly stdin: Stdin | undefined;
  /** The first client's end of input is the end of the container's (StdinOnce). */
  readonly closesStdin: boolean;
  /** The delay of the restart policy before it; 0 when a user started it. */
  readonly delayBeforeMs: number;
  /** Additional processes that are not over. */
  readonly execs: Map<string, Exec>;
  /** Additional processes that are being started: a freeze in the middle would hold the shim up. */
  readonly execStarts: Set<Promise<unknown>>;
  /** Set while the container is being paused: no process is started then. */
  isPausing: boolean;
  /** Resolves when its processes have ended, nothing of it is left and the record says so. */
  readonly ended: Promise<void>;
  /** Set by stop and kill: the restart policy leaves it alone. */
  isStoppedByUser: boolean;
  /** Set by restart: the end of this run does not remove the container. */
  isRestartedByUser: boolean;
  /** The kernel killed one of its processes for want of memory. */
  ranOutOfMemory: boolean;
  /** Aborted once its main process has ended. */
  readonly over: AbortController;
}

/** The run of a container whose processes exist. Throws `conflict` in Docker's words. */
export function aliveRun(
  { runs }: { readonly runs: ReadonlyMap<string, Run> },
  { id, state }: Pick<Container, 'id' | 'state'>,
): Run {
  const run = runs.get(id);
  if (!run || !isAlive(state)) throw notRunning(id);
  return run;
}

/**
 * Waits until a run whose process has ended is cleared up and the record says so: its end may be
 * known, from its output, before. For verbs that depend on whether a container runs.
 */
export async function untilEndIsNoted(runs: ReadonlyMap<string, Run>, id: string): Promise<void> {
  const run = runs.get(id);
  if (run?.over.signal.aborted) await run.ended;
}
