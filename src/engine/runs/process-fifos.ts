import { closeSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFifo, openFifoBothWays, openFifoReader } from '../../linux/index.ts';
import type { StreamName } from '../io/json-log/json-line.ts';
import type { OutputChunk } from '../io/output/chunk-queue.ts';
import type { ProcessStdio } from '../runtime/task-service.ts';
import { openStdin, type Stdin } from './stdin.ts';

const quietStepMs = 10;

/** The streams of an additional process, taken directly: nothing of it is logged or outlives the daemon. */
export interface ProcessFifos extends Disposable {
  readonly stdio: ProcessStdio;
  readonly stdin: Stdin | undefined;
  /** Waits for who reads it, and so does the process. */
  readonly output: AsyncIterable<OutputChunk>;
  /** The shim has its ends open: from here on the end of output is seen. */
  started(): void;
  /** Resolves when output has ended, or none came for so long while its reader waited for some. */
  quiet(longestMs: number): Promise<void>;
}

/** Makes the fifos of a process in a folder, named after it. Dispose removes them. */
export function openProcessFifos(
  folder: string,
  id: string,
  options: { terminal: boolean; stdin: boolean; closeAtShim: () => Promise<void> },
): ProcessFifos {
  const { terminal } = options;
  const path = (name: string) => join(folder, `${id}-${name}`);
  const stdio: ProcessStdio = {
    stdin: options.stdin ? path('stdin') : '',
    stdout: path('stdout'),
    stderr: terminal ? '' : path('stderr'),
    terminal,
  };
  const made = [stdio.stdin, stdio.stdout, stdio.stderr].filter(Boolean);
  for (const fifo of made) makeFifo(fifo);
  const outputs = (['stdout', 'stderr'] as const).flatMap((name) =>
    stdio[name] === '' ? [] : [{ name, path: stdio[name] }],
  );
  // A reader without any writer would see an end before the process has begun.
  const guards = outputs.map((output) => openFifoBothWays(output.path));
  const sockets = outputs.map(({ name, path: fifo }) => ({
    name,
    socket: new Socket({ fd: openFifoReader(fifo), readable: true, writable: false }),
  }));
  for (const { socket } of sockets) socket.on('error', () => socket.destroy());
  const stdin = options.stdin ? openStdin(stdio.stdin, options.closeAtShim) : undefined;
  const release = () => {
    for (const fd of guards.splice(0)) closeSync(fd);
  };
  const wait: Wait = { sinceMs: undefined, ended: Promise.withResolvers<void>() };
  return {
    stdio,
    stdin,
    output: merge(sockets, wait),
    started: release,
    quiet: (longestMs) => quiet(wait, longestMs),
    [Symbol.dispose]() {
      release();
      stdin?.release();
      for (const { socket } of sockets) socket.destroy();
      for (const fifo of made) rmSync(fifo, { force: true });
    },
  };
}

/** Whether the reader of output waits for some, and since when. */
interface Wait {
  sinceMs: number | undefined;
  readonly ended: PromiseWithResolvers<void>;
}

/** A reader held up by its client is not waiting: what it has not read yet is still to come. */
async function quiet(wait: Wait, longestMs: number): Promise<void> {
  for (;;) {
    const waitedMs = wait.sinceMs === undefined ? 0 : performance.now() - wait.sinceMs;
    if (wait.sinceMs !== undefined && waitedMs >= longestMs) return;
    const isOver = await Promise.race([
      wait.ended.promise.then(() => true),
      sleep(Math.max(quietStepMs, longestMs - waitedMs), false, { ref: false }),
    ]);
    if (isOver) return;
  }
}

/** Chunks of all sockets as they come; one at a time of each is read ahead. */
async function* merge(
  sockets: readonly { name: StreamName; socket: Socket }[],
  wait: Wait,
): AsyncGenerator<OutputChunk> {
  const pending = new Map(
    sockets.map(({ name, socket }) => {
      const iterator = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
      return [name, next(name, iterator)];
    }),
  );
  while (pending.size > 0) {
    wait.sinceMs = performance.now();
    const { name, iterator, result } = await Promise.race(pending.values());
    wait.sinceMs = undefined;
    if (result.done) {
      pending.delete(name);
      continue;
    }
    yield { stream: name, bytes: result.value };
    pending.set(name, next(name, iterator));
  }
  wait.ended.resolve();
}

async function next(name: StreamName, iterator: AsyncIterator<Uint8Array>) {
  // A socket destroyed under its reader is at its end.
  const result = await iterator.next().catch(() => ({ done: true as const, value: undefined }));
  return { name, iterator, result };
}
