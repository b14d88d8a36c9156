import { setMaxListeners } from 'node:events';
import { canceled } from '../../core/index.ts';

/** What a piece of work tells those who wait for it. */
export interface WorkContext<Note> {
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  tell(note: Note): void;
}

export interface Wanter<Note> {
  readonly signal: AbortSignal;
  /** Gets every note, those from before it came as well. */
  onNote(note: Note): void;
}

/** Runs work that several want at the same time once, for all of them. */
export interface SharedWork<Note, Result> {
  run(
    key: string,
    work: (context: WorkContext<Note>) => Promise<Result>,
    wanter: Wanter<Note>,
  ): Promise<Result>;
}

interface Running<Note, Result> {
  readonly result: Promise<Result>;
  readonly notes: Note[];
  readonly wanters: Set<Wanter<Note>>;
  readonly controller: AbortController;
}

/** `keptNotes` bounds how many notes are kept for those who come late; the oldest go first. */
export function createSharedWork<Note, Result>({
  keptNotes = 10_000,
} = {}): SharedWork<Note, Result> {
  const running = new Map<string, Running<Note, Result>>();

  function start(
    key: string,
    work: (context: WorkContext<Note>) => Promise<Result>,
  ): Running<Note, Result> {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    const notes: Note[] = [];
    const wanters = new Set<Wanter<Note>>();
    const tell = (note: Note): void => {
      notes.push(note);
      // Twice the bound before it is cut, so that cutting costs nothing per note.
      if (notes.length > 2 * keptNotes) notes.splice(0, notes.length - keptNotes);
      for (const wanter of wanters) wanter.onNote(note);
    };
    const entry: Running<Note, Result> = {
      result: work({ signal: controller.signal, tell }).finally(() => {
        if (running.get(key) === entry) running.delete(key);
      }),
      notes,
      wanters,
      controller,
    };
    // Those who left do not look at how it ended.
    entry.result.catch(() => {});
    running.set(key, entry);
    return entry;
  }

  return {
    async run(key, work, wanter) {
      wanter.signal.throwIfAborted();
      const entry = running.get(key) ?? start(key, work);
      for (const note of entry.notes) wanter.onNote(note);
      entry.wanters.add(wanter);
      const left = Promise.withResolvers<never>();
      const leave = (): void => {
        entry.wanters.delete(wanter);
        if (entry.wanters.size > 0) {
          left.reject(wanter.signal.reason);
          return;
        }
        // Who comes now must not join work that is being stopped. The last wanter waits for its end:
        // it counts as stopped only once its processes and files are gone.
        if (running.get(key) === entry) running.delete(key);
        entry.controller.abort(canceled('build step: nobody wants it any more'));
      };
      wanter.signal.addEventListener('abort', leave, { once: true });
      try {
        return await Promise.race([entry.result, left.promise]);
      } catch (error) {
        wanter.signal.throwIfAborted();
        throw error;
      } finally {
        wanter.signal.removeEventListener('abort', leave);
        entry.wanters.delete(wanter);
      }
    },
  };
}
