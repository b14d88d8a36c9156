import { posix } from 'node:path';
import { conflict, notFound, randomId } from '../../core/index.ts';
import type { FailedStep } from '../builder.ts';
import type { Runner, TerminalSize } from '../ports.ts';

const shells = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh', 'fish']);

/** A failed step whose filesystem and mounts stay, in `leases`, until it is disposed of. */
export function failedStep(
  request: FailedStep['request'],
  { runner, leases }: { runner: Runner; leases: AsyncDisposable },
): FailedStep {
  let isRunning = false;
  let resize: ((size: TerminalSize) => void) | undefined;
  return {
    id: request.id,
    request,
    async shell({ terminal: size, ...streams }) {
      if (isRunning) throw conflict(`open shell: one is open in step ${request.id} already`);
      isRunning = true;
      const terminal = size && {
        size,
        onResize(listener: (size: TerminalSize) => void) {
          resize = listener;
        },
      };
      try {
        const argv = shellArgv(request.argv, terminal !== undefined);
        return await runner.run({ ...request, ...streams, id: randomId(), argv, terminal });
      } finally {
        isRunning = false;
        resize = undefined;
      }
    },
    resize(size) {
      if (!resize) throw notFound(`resize terminal: step ${request.id} has none open`);
      resize(size);
    },
    [Symbol.asyncDispose]: () => leases[Symbol.asyncDispose](),
  };
}

/** The shell the step ran in, if it ran in one. */
function shellArgv([program = '']: readonly string[], isInteractive: boolean): string[] {
  const shell = shells.has(posix.basename(program)) ? program : '/bin/sh';
  return isInteractive ? [shell, '-i'] : [shell];
}
