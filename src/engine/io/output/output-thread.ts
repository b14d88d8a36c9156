import { closeSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { internal } from '../../../core/index.ts';
import { openEventFd } from '../../../linux/index.ts';
import type { Command, NumberedCommand, Report } from './messages.ts';

/** A running thread that takes output. */
export interface OutputThread {
  /** Resolves when the thread has obeyed; rejects with its error, or when it has gone. */
  ask(command: Command): Promise<void>;
  tell(command: Command): void;
  /** Whether a command has not been answered yet. */
  readonly isBusy: boolean;
  /** Ends it; it leaves fifos and journals to the next one. */
  quit(): Promise<void>;
}

/**
 * Starts the thread. It waits in the kernel, deaf to messages, until a count written to `wakeFd`
 * wakes it. Unless it is asked something it keeps no process alive; `onFailure` is told when it dies.
 */
export function startOutputThread({
  onReport,
  onFailure,
}: {
  onReport: (report: Report) => void;
  onFailure: (error: Error) => void;
}): OutputThread {
  const wakeFd = openEventFd();
  const worker = new Worker(new URL('./output-worker.ts', import.meta.url), {
    workerData: { wakeFd },
    name: 'output',
  });
  const waiting = new Map<number, (error: string | undefined) => void>();
  let lastNumber = 0;
  let gone = false;
  let quitting = false;
  const one = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  const tell = (command: Command) => {
    if (gone) return;
    const message: NumberedCommand = { number: ++lastNumber, command };
    worker.postMessage(message);
    writeSync(wakeFd, one);
  };
  // A thread that waits in the kernel would keep the process from ending.
  const quitAtExit = () => tell({ kind: 'quit' });
  process.once('exit', quitAtExit);
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      gone = true;
      process.off('exit', quitAtExit);
      closeSync(wakeFd);
      for (const settle of waiting.values()) settle('the output thread has ended');
      waiting.clear();
      resolve();
    });
  });
  worker.on('error', (error) => onFailure(error as Error));
  worker.on('message', (report: Report) => {
    if (report.kind === 'answer') {
      waiting.get(report.number)?.(report.error);
      waiting.delete(report.number);
      if (waiting.size === 0 && !quitting) worker.unref();
    } else onReport(report);
  });
  worker.unref();
  return {
    tell,
    ask(command) {
      if (gone) return Promise.reject(internal(`${command.kind} output: its thread has ended`));
      worker.ref();
      return new Promise((resolve, reject) => {
        waiting.set(lastNumber + 1, (error) =>
          error === undefined ? resolve() : reject(internal(`${command.kind} output: ${error}`)),
        );
        tell(command);
      });
    },
    get isBusy() {
      return waiting.size > 0;
    },
    async quit() {
      // Nothing else may keep the process alive until the thread is gone.
      quitting = true;
      if (!gone) worker.ref();
      tell({ kind: 'quit' });
      await exited;
    },
  };
}
