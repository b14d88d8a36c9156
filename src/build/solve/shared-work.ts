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
  /** Gets every note, the latest of those from before it came as well. */
  onNote(note: Note): void;
}

/**
 * Runs work that several want at the same time once, for all of them. Who joined work that failed for
 * what only its beginner lacked does it again, by his own means.
 */
export interface SharedWork<Note, Result> {
  run(
    key: string,
    work: (context: WorkContext<Note>) => Promise<Result>,
    wanter: Wanter<Note>,
  ): Promise<Result>;
}

interface Running<Note, Result> {
  readonly result: Promise<Result>;
  readonly notes: LatestNotes<Note>;
  readonly wanters: Set<Wanter<Note>>;
  readonly controller: AbortController;
}

export interface SharedWorkOptions<Note> {
  /** So much of the notes is kept for those who come late; the oldest go first. */
  readonly keptNotes?: number;
  readonly keptBytes?: number;
  readonly sizeOf?: (note: Note) => number;
  /** Would the work fail the same way whoever does it? Else who joined another's tries by himself. */
  readonly isFinal?: (error: unknown) => boolean;
}

export function createSharedWork<Note, Result>({
  keptNotes = 10_000,
  keptBytes = 2 ** 20,
  sizeOf = () => 0,
  isFinal = () => true,
}: SharedWorkOptions<Note> = {}): SharedWork<Note, Result> {
  const running = new Map<string, Running<Note, Result>>();

  function start(
    key: string,
    work: (context: WorkContext<Note>) => Promise<Result>,
  ): Running<Note, Result> {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    const notes = new LatestNotes(keptNotes, keptBytes, sizeOf);
    const wanters = new Set<Wanter<Note>>();
    const tell = (note: Note): void => {
      notes.add(note);
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

  async function join(
    key: string,
    entry: Running<Note, Result>,
    wanter: Wanter<Note>,
  ): Promise<Result> {
    for (const note of entry.notes.all()) wanter.onNote(note);
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
  }

  return {
    async run(key, work, wanter) {
      for (;;) {
        wanter.signal.throwIfAborted();
        const others = running.get(key);
        try {
          return await join(key, others ?? start(key, work), wanter);
        } catch (error) {
          if (!others || wanter.signal.aborted || isFinal(error)) throw error;
        }
      }
    },
  };
}

/** The last of what was told, twice the bounds at most, so that cutting costs nothing per note. */
class LatestNotes<Note> {
  readonly #most: { readonly notes: number; readonly bytes: number };
  readonly #sizeOf: (note: Note) => number;
  #older: readonly Note[] = [];
  #newer: Note[] = [];
  #newerBytes = 0;

  constructor(notes: number, bytes: number, sizeOf: (note: Note) => number) {
    this.#most = { notes, bytes };
    this.#sizeOf = sizeOf;
  }

  add(note: Note): void {
    this.#newer.push(note);
    this.#newerBytes += this.#sizeOf(note);
    if (this.#newer.length < this.#most.notes && this.#newerBytes < this.#most.bytes) return;
    this.#older = this.#newer;
    this.#newer = [];
    this.#newerBytes = 0;
  }

  all(): Note[] {
    return [...this.#older, ...this.#newer];
  }
}
