import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** A terminal for a command: its size, and whom to tell when it changes. */
export interface StepTerminal {
  readonly size: TerminalSize;
  onResize(listener: (size: TerminalSize) => void): void;
}

const pauseMs = 10;

/**
 * The runtime passes its own terminal on: script(1) makes one and joins it to its pipes. It has its
 * size before the runtime looks at it.
 */
export function behindTerminal(
  words: readonly string[],
  { rows, columns }: TerminalSize,
): string[] {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const command = `stty rows ${rows} cols ${columns}; exec ${quoted}`;
  return ['script', '--quiet', '--return', '--flush', '--command', command, '/dev/null'];
}

/**
 * Gives the terminal that a script(1) made its size at each change, which the kernel tells the
 * runtime, and that the command. `isOver` says that the script has ended.
 */
export function followSize(
  scriptPid: number,
  { onResize }: StepTerminal,
  isOver: () => boolean,
): void {
  let latest: TerminalSize | undefined;
  let isWorking = false;
  const work = async () => {
    isWorking = true;
    while (latest && !isOver()) {
      const childPid = await onlyChild(scriptPid);
      if (childPid === undefined) {
        await sleep(pauseMs); // it has not come so far
        continue;
      }
      const { rows, columns } = latest;
      latest = undefined;
      await resize(`/proc/${childPid}/fd/0`, rows, columns);
    }
    isWorking = false;
  };
  const change = (changed: TerminalSize) => {
    latest = changed;
    if (!isWorking) void work();
  };
  onResize(change);
}

async function onlyChild(pid: number): Promise<string | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return children.split(' ')[0] || undefined;
}

/** A terminal that is gone keeps the size it had. */
function resize(path: string, rows: number, columns: number): Promise<void> {
  return new Promise((resolve) => {
    const args = ['-F', path, 'rows', String(rows), 'cols', String(columns)];
    execFile('stty', args, () => resolve());
  });
}
