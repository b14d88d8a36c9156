import { posix } from 'node:path';
import { conflict, randomId } from '../../core/index.ts';
import type { FailedStep } from '../builder.ts';
import type { Runner } from '../ports.ts';

const shells = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh', 'fish']);

/** A failed step whose filesystem and mounts stay, in `leases`, until it is disposed of. */
export function failedStep(
  request: FailedStep['request'],
  { runner, leases }: { runner: Runner; leases: AsyncDisposable },
): FailedStep {
  let isRunning = false;
  return {
    id: request.id,
    request,
    async shell({ terminal, ...streams }) {
      if (isRunning) throw conflict(`open shell: one is open in step ${request.id} already`);
      isRunning = true;
      try {
        const argv = shellArgv(request.argv, terminal);
        const id = randomId();
        const isTerminal = terminal !== undefined;
        return await runner.run({ ...request, ...streams, id, argv, terminal: isTerminal });
      } finally {
        isRunning = false;
      }
    },
    [Symbol.asyncDispose]: () => leases[Symbol.asyncDispose](),
  };
}

/** The shell the step ran in, if it ran in one; it is told the size of its terminal. */
function shellArgv(
  [program = '']: readonly string[],
  terminal: { rows: number; columns: number } | undefined,
): string[] {
  const shell = shells.has(posix.basename(program)) ? program : '/bin/sh';
  if (!terminal) return [shell];
  const { rows, columns } = terminal;
  return [shell, '-c', `stty rows ${rows} cols ${columns} 2>/dev/null; exec ${shell} -i`];
}
