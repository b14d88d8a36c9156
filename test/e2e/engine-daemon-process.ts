import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RuntimeConfig } from '../../src/engine/index.ts';
import type { Answer, Ask } from './engine-daemon.ts';
import type { More } from './engine-stage.ts';

const daemons = new Set<ChildProcess>();

/** Kills those that are left. */
export function endDaemons(): void {
  for (const child of daemons) child.kill('SIGKILL');
  daemons.clear();
}

/** A daemon in a process of its own. */
export async function startDaemon(folder: string, runtimes: Record<string, RuntimeConfig> = {}) {
  const child: ChildProcess = fork(
    join(import.meta.dirname, 'engine-daemon.ts'),
    [folder, JSON.stringify(runtimes)],
    {
      serialization: 'advanced',
    },
  );
  daemons.add(child);
  let count = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  child.on('message', (answer: Answer) => waiting.get(answer.number)?.(answer));
  await once(child, 'message');
  const ask = (method: Ask['method'], ...args: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      const number = ++count;
      waiting.set(number, ({ result, error }) =>
        error ? reject(new Error(error)) : resolve(result),
      );
      child.send({ number, method, args } satisfies Ask);
    });
  return {
    create: (script: string, more?: More) => ask('create', script, more) as Promise<string>,
    ask,
    async startContainer(script: string, more?: More): Promise<string> {
      const id = (await ask('create', script, more)) as string;
      await ask('start', id);
      return id;
    },
    async kill() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Process ids of the shims that belong to a folder. */
export function shimsOf(folder: string): number[] {
  return processesWith(`${folder}/run/shim-events.sock`);
}

/** Process id of a container's shim. */
export function shimOf(id: string): number {
  return processesWith(id)[0]!;
}

function processesWith(word: string): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,args=']).toString();
  return table
    .split('\n')
    .filter((line) => line.includes('containerd-shim') && line.includes(word))
    .map((line) => Number.parseInt(line, 10));
}
