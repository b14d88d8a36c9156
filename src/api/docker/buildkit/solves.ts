import { conflict, randomId } from '../../../core/index.ts';
import type { Session } from '../../../session/index.ts';
import { createAwaitedMap } from './awaited-map.ts';
import type { ControlSolve, ReturnedStatus } from './control-messages.ts';
import type { BuildHistory, FollowedBuild } from './history/build-history.ts';
import type { BuiltCall } from './run-build.ts';
import { createStatusFeed, type StatusFeed } from './status-feed.ts';
import type { StatusResponse } from './status-messages.ts';

/** A build as `Control.Solve` asked for it, while its client drives it through LLBBridge. */
export interface Solve {
  readonly ref: string;
  readonly asked: ControlSolve;
  readonly session: Session | undefined;
  readonly feed: StatusFeed;
  /** Takes down how it ends. */
  readonly followed: FollowedBuild;
  /** Aborted when the client gives up. */
  readonly signal: AbortSignal;
  /** What the client's calls gave, by the references it knows them by. */
  readonly results: Map<string, BuiltCall>;
  /** Settles when the client says how its part ended: with one of the results, or nothing. */
  readonly returned: PromiseWithResolvers<{ ref?: string; error?: ReturnedStatus }>;
  isOver: boolean;
}

/** The builds under way, by the names their clients gave them. */
export interface Solves {
  begin(asked: ControlSolve, options: { session?: Session; signal: AbortSignal }): Solve;
  end(solve: Solve): void;
  /** Gives a result a name, by which other builds too can stand on it until its build ends. */
  keep(solve: Solve, built: BuiltCall): string;
  result(name: string): BuiltCall | undefined;
  /** A build that may be about to begin. Throws `not-found`. */
  get(ref: string, signal: AbortSignal): Promise<Solve>;
  /** What is told of a build, whenever it was; once, while it runs. Throws `not-found`. */
  feed(ref: string, signal: AbortSignal): Promise<AsyncIterable<StatusResponse>>;
}

/** A client that has its build done quickly may ask late how it went. */
const feedStaysMs = 5000;

export function createSolves(history: BuildHistory): Solves {
  const solves = createAwaitedMap<Solve>();
  const results = new Map<string, BuiltCall>();
  /** Feeds of builds that ended before anybody read them. */
  const unread = new Map<string, StatusFeed>();
  const taken = new WeakSet<StatusFeed>();
  const get: Solves['get'] = (ref, signal) =>
    solves.get(ref, { missing: `no such job ${ref.slice(0, 80)}`, signal });
  return {
    begin(asked, { session, signal }) {
      const ref = asked.Ref;
      if (solves.has(ref)) throw conflict(`build ${ref.slice(0, 80)} already exists`);
      const returned = Promise.withResolvers<{ ref?: string; error?: ReturnedStatus }>();
      const followed = history.follow(asked, createStatusFeed());
      const solve = {
        ref,
        asked,
        session,
        signal,
        feed: followed.feed,
        followed,
        results: new Map(),
        returned,
        isOver: false,
      };
      solves.set(ref, solve);
      return solve;
    },
    end(solve) {
      solve.isOver = true;
      for (const name of solve.results.keys()) results.delete(name);
      const { ref, feed } = solve;
      solves.delete(ref);
      feed.end();
      if (taken.has(feed)) return;
      unread.set(ref, feed);
      setTimeout(() => unread.delete(ref), feedStaysMs).unref();
    },
    keep(solve, built) {
      const name = randomId();
      solve.results.set(name, built);
      results.set(name, built);
      return name;
    },
    result: (name) => results.get(name),
    get,
    async feed(ref, signal) {
      const late = unread.get(ref);
      unread.delete(ref);
      if (late) return late;
      const log = solves.has(ref) ? undefined : history.log(ref);
      if (log) return streamOfOne(log);
      const { feed } = await get(ref, signal);
      taken.add(feed);
      return feed;
    },
  };
}

async function* streamOfOne<T>(one: T): AsyncGenerator<T> {
  yield one;
}
