import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A client that is at work while the test does something to it, or to its daemon. */
export interface ClientProcess {
  readonly child: ChildProcessWithoutNullStreams;
  output(): string;
  /** Resolves once the output matches; throws when the client ends without that. */
  says(pattern: RegExp): Promise<void>;
  readonly ended: Promise<number | null>;
}

/** The docker client. */
export function startClient(
  daemon: { env: NodeJS.ProcessEnv },
  ...args: readonly string[]
): ClientProcess {
  return startProcess(daemon, 'docker', args);
}

export function startProcess(
  { env }: { env: NodeJS.ProcessEnv },
  command: string,
  args: readonly string[],
): ClientProcess {
  const child = spawn(command, args, { env });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    ended,
    output: () => text,
    says: (pattern) =>
      until(`${command} ${args.join(' ')} says ${pattern}`, () => {
        if (pattern.test(text)) return true;
        if (child.exitCode !== null)
          throw new Error(`${command} ended without ${pattern}:\n${text}`);
        return false;
      }),
  };
}

/** Asks again until it is so; throws after half a minute. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  { limitMs = 30_000 } = {},
): Promise<void> {
  const giveUpAtMs = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > giveUpAtMs) throw new Error(`waited in vain: ${what}`);
    await sleep(20);
  }
}
