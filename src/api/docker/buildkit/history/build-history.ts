import { notFound } from '../../../../core/index.ts';
import type { ControlSolve } from '../control-messages.ts';
import { failureStatus } from '../failure-status.ts';
import type { StatusFeed } from '../status-feed.ts';
import { type StatusResponse, statusResponse } from '../status-messages.ts';
import type { BuildRecord, BuildRecords } from './build-record.ts';
import { rememberingFeed } from './build-summary.ts';
import { recordFilter } from './record-filter.ts';
import { statusContent } from './status-content.ts';

export interface HistoryEvent {
  readonly kind: 'started' | 'completed' | 'deleted';
  readonly record: BuildRecord;
}

export interface HistoryQuestion {
  readonly ActiveOnly: boolean;
  /** One build, or all of them. */
  readonly Ref: string;
  /** Ends once everything there is was told. */
  readonly EarlyExit: boolean;
  readonly Filter: readonly string[];
  /** So many records at most, the newest; 0 is no bound. */
  readonly Limit: number;
}

/** What is kept of how a build was asked for. */
export type AskedBuild = Pick<
  ControlSolve,
  'Ref' | 'Frontend' | 'FrontendAttrs' | 'Exporters' | 'Internal'
>;

/** The builds that clients of BuildKit had done here: those under way, and those that ended. */
export interface BuildHistory {
  /** Follows a build; what is told of it goes through the feed that comes back. */
  follow(asked: AskedBuild, feed: StatusFeed): FollowedBuild;
  /** Throws `invalid` for a filter that is none. */
  listen(question: HistoryQuestion, signal: AbortSignal): AsyncIterable<HistoryEvent>;
  /** All that a build that ended said; undefined when it is not known. */
  log(ref: string): StatusResponse | undefined;
  /** Throws `not-found`. */
  setPinned(ref: string, pinned: boolean): void;
  /** Throws `not-found`. */
  delete(ref: string): void;
  /** What records name by its digest: the status an error came with. */
  content(digest: string): Uint8Array | undefined;
}

export interface FollowedBuild {
  readonly feed: StatusFeed;
  done(response: ReadonlyMap<string, string>): void;
  failed(error: unknown): void;
}

export function createBuildHistory(records: BuildRecords): BuildHistory {
  const active = new Map<string, BuildRecord>();
  const listeners = new Set<(event: HistoryEvent) => void>();
  const tell = (event: HistoryEvent) => {
    for (const listener of listeners) listener(event);
  };
  const known = (ref: string) => {
    const record = records.get(ref);
    if (!record) throw notFound(`no record found for ref ${JSON.stringify(ref.slice(0, 80))}`);
    return record;
  };

  function follow(asked: AskedBuild, inner: StatusFeed): FollowedBuild {
    const feed = rememberingFeed(inner);
    const begun = recordOf(asked);
    // The client's own questions about a Dockerfile are no builds.
    if (asked.Internal) return { feed, done() {}, failed() {} };
    active.set(begun.ref, begun);
    tell({ kind: 'started', record: begun });
    const end = (outcome: Pick<BuildRecord, 'response' | 'failure'>) => {
      const { counts, whole } = feed.summary;
      const record = { ...begun, ...outcome, completedAtMs: Date.now(), steps: counts };
      active.delete(record.ref);
      records.put(record, statusResponse.encode(whole));
      tell({ kind: 'completed', record });
    };
    return {
      feed,
      done: (response) => end({ response: Object.fromEntries(response) }),
      failed: (error) => end({ response: {}, failure: failureStatus(error) }),
    };
  }

  async function* listen(
    { ActiveOnly, Ref, EarlyExit, Filter, Limit }: HistoryQuestion,
    signal: AbortSignal,
  ): AsyncGenerator<HistoryEvent> {
    const isWanted = ({ ref }: BuildRecord) => Ref === '' || ref === Ref;
    const matches = recordFilter(Filter);
    const waiting: HistoryEvent[] = [];
    let wake = () => {};
    const listener = (event: HistoryEvent) => {
      if (isWanted(event.record)) waiting.push(event);
      wake();
    };
    listeners.add(listener);
    signal.addEventListener('abort', () => wake());
    try {
      for (const record of active.values()) {
        if (isWanted(record)) yield { kind: 'started', record };
      }
      const ended = ActiveOnly ? [] : records.list().filter(isWanted).filter(matches);
      // The newest of them, as they are listed by age.
      const shown = Limit > 0 ? ended.slice(-Limit).reverse() : ended;
      for (const record of shown) yield { kind: 'completed', record };
      while (!EarlyExit && !signal.aborted) {
        const event = waiting.shift();
        if (event) yield event;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      listeners.delete(listener);
    }
  }

  return {
    follow,
    listen,
    log(ref) {
      const bytes = records.log(ref);
      return bytes && statusResponse.decode(bytes);
    },
    setPinned(ref, pinned) {
      const record = known(ref);
      records.setPinned(ref, pinned);
      tell({ kind: 'completed', record: { ...record, pinned } });
    },
    delete(ref) {
      const record = known(ref);
      records.delete(ref);
      tell({ kind: 'deleted', record });
    },
    content: (digest) =>
      records
        .list()
        .map(({ failure }) => statusContent(failure))
        .find((content) => content?.digest === digest)?.bytes,
  };
}

function recordOf(asked: AskedBuild): BuildRecord {
  return {
    ref: asked.Ref,
    frontend: asked.Frontend,
    attributes: Object.fromEntries(asked.FrontendAttrs),
    exporters: asked.Exporters.map(({ Type, Attrs }) => ({
      type: Type,
      attributes: Object.fromEntries(Attrs),
    })),
    createdAtMs: Date.now(),
    response: {},
    steps: { total: 0, cached: 0, completed: 0, warnings: 0 },
    pinned: false,
  };
}
