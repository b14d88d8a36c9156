import { internal } from '../../../core/index.ts';
import type { Command, Report } from './messages.ts';
import { type OutputThread, startOutputThread } from './output-thread.ts';

/** The way to the thread that takes output; there is one only while there is something to take. */
export interface WorkerLink extends AsyncDisposable {
  /** Starts the thread, so that a command that follows need not wait for it. */
  getReady(): void;
  /** Resolves when the thread, started if need be, has obeyed. */
  ask(command: Command): Promise<void>;
  /** For what means nothing to a thread that is not there. */
  tell(command: Command): void;
}

export interface WorkerLinkOptions {
  readonly onReport: (report: Report) => void;
  /** Told when a thread dies, which nothing can mend. */
  readonly onFailure: (error: Error) => void;
  /** Whether anything is open; a thread not needed for a while is ended, its memory given back. */
  readonly isNeeded: () => boolean;
  readonly idleMs?: number;
}

export function createWorkerLink(options: WorkerLinkOptions): WorkerLink {
  const { isNeeded, idleMs = 5000 } = options;
  let current: { thread: OutputThread; timer: NodeJS.Timeout } | undefined;
  let isIdle = false;
  let isClosed = false;

  function retire(): Promise<void> | undefined {
    const ended = current;
    clearInterval(ended?.timer);
    current = undefined;
    return ended?.thread.quit();
  }

  /** Ends the thread when nobody needed it from one look to the next. */
  function look(): void {
    const wasIdle = isIdle;
    isIdle = !isNeeded() && current?.thread.isBusy === false;
    if (isIdle && wasIdle) void retire();
  }

  function thread(): OutputThread {
    isIdle = false;
    current ??= { thread: startOutputThread(options), timer: setInterval(look, idleMs).unref() };
    return current.thread;
  }

  return {
    getReady() {
      if (!isClosed) thread();
    },
    async ask(command) {
      if (isClosed) throw internal(`${command.kind} output: the daemon is ending`);
      await thread().ask(command);
    },
    tell: (command) => current?.thread.tell(command),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await retire();
    },
  };
}
