import type { ContainerRecord } from '../containers/container-record.ts';
import { containerPaths, type EngineParts } from '../engine-parts.ts';
import type { Shim } from '../runtime/shim.ts';
import { stdioIn } from './bundle-folder.ts';
import type { Run } from './run.ts';
import { openStdin } from './stdin.ts';

/** A run whose end its watcher will settle. */
export type OpenRun = Run & { readonly settleEnd: () => void };

export function createRun(
  { paths: enginePaths }: Pick<EngineParts, 'paths'>,
  options: { record: ContainerRecord; shim: Shim; cgroupPath: string; delayBeforeMs: number },
): OpenRun {
  const { record, shim, cgroupPath, delayBeforeMs } = options;
  const { Tty: terminal = false, OpenStdin = false, StdinOnce = false } = record.config;
  const paths = containerPaths(enginePaths, record.id);
  const { stdin } = stdioIn(paths.bundlePath, { terminal, openStdin: OpenStdin });
  const end = Promise.withResolvers<void>();
  return {
    id: record.id,
    shim,
    paths,
    cgroupPath,
    terminal,
    stdin: OpenStdin ? openStdin(stdin, () => shim.task.closeStdin()) : undefined,
    closesStdin: StdinOnce,
    delayBeforeMs,
    execs: new Map(),
    execStarts: new Set(),
    isPausing: false,
    ended: end.promise,
    settleEnd: end.resolve,
    isStoppedByUser: false,
    isRestartedByUser: false,
    ranOutOfMemory: false,
    over: new AbortController(),
  };
}
