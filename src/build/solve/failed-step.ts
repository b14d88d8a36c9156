import { posix } from 'node:path';
import { canceled, conflict, notFound, randomId } from '../../core/index.ts';
import type { FailedStep } from '../builder.ts';
import type { Runner, TerminalSize } from '../ports.ts';

const shells = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh', 'fish']);

/** A failed step whose filesystem and mounts stay, in `leases`, until it is disposed of. */
export function failedStep(
  request: FailedStep['request'],
  { runner, leases }: { runner: Runner; leases: AsyncDisposable },
): FailedStep {
  const ended = new AbortController();
  let running: Promise<unknown> | undefined;
  let resize: ((size: TerminalSize) => void) | undefined;
  return {
    id: request.id,
    request,
    isOpen: () => running !== undefined,
    async shell({ terminal: size, signal, ...streams }) {
      if (running) throw conflict(`open shell: one is open in step ${request.id} already`);
      ended.signal.throwIfAborted();
      const terminal = size && {
        size,
        onResize(listener: (size: TerminalSize) => void) {
          resize = listener;
        },
      };
      try {
        const argv = shellArgv(request.argv, terminal !== undefined);
        const either = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
        const shell = { ...request, ...streams, id: randomId(), argv, terminal, signal: either };
        const run = runner.run(shell);
        running = run;
        return await run;
      } finally {
        running = undefined;
        resize = undefined;
      }
    },
    resize(size) {
      if (!resize) throw notFound(`resize terminal: step ${request.id} has none open`);
      resize(size);
    },
    async [Symbol.asyncDispose]() {
      ended.abort(canceled(`open shell: step ${request.id} is kept no longer`));
      // How the shell ends is told to who opened it.
      await running?.catch(() => {});
      await leases[Symbol.asyncDispose]();
    },
  };
}

/** The shell the step ran in, if it ran in one. */
function shellArgv([program = '']: readonly string[], isInteractive: boolean): string[] {
  const shell = shells.has(posix.basename(program)) ? program : '/bin/sh';
  return isInteractive ? [shell, '-i'] : [shell];
}
