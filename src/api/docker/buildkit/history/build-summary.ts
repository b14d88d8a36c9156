import type { StatusFeed } from '../status-feed.ts';
import type { StatusResponse, Vertex, VertexLog, VertexStatus } from '../status-messages.ts';
import type { StepCounts } from './build-record.ts';

/** Output beyond this is not kept for the history; that is told in its place. */
const mostLogBytes = 2 ** 20;
/** Vertices, statuses and warnings of a build beyond any reason. */
const mostEntries = 20_000;

/** All that a build said, as far as it is kept. */
export interface BuildSummary {
  readonly counts: StepCounts;
  /** In one message, everything as it was in the end. */
  readonly whole: StatusResponse;
}

/** A feed that hands on what a build says, and remembers it. */
export function rememberingFeed(feed: StatusFeed): StatusFeed & { readonly summary: BuildSummary } {
  const vertexes = new Map<string, Vertex>();
  const cached = new Set<string>();
  const statuses = new Map<string, VertexStatus>();
  const logs: VertexLog[] = [];
  const warnings: StatusResponse['warnings'][number][] = [];
  let logBytes = 0;

  function remember<T>(map: Map<string, T>, key: string, value: T): void {
    if (map.has(key) || map.size < mostEntries) map.set(key, value);
  }

  function keepLog(log: VertexLog): void {
    if (logBytes > mostLogBytes) return;
    logBytes += log.msg.length;
    const isFull = logBytes > mostLogBytes;
    // What is not copied would keep the chunk it came in.
    const msg = Buffer.from(isFull ? '[output clipped, log limit 1MiB reached]\n' : log.msg);
    logs.push({ ...log, msg });
  }

  return {
    vertex(vertex) {
      remember(vertexes, vertex.digest, vertex);
      if (vertex.cached) cached.add(vertex.digest);
      feed.vertex(vertex);
    },
    status(status) {
      remember(statuses, `${status.vertex} ${status.ID}`, status);
      feed.status(status);
    },
    log(log) {
      keepLog(log);
      feed.log(log);
    },
    warning(warning) {
      if (warnings.length < mostEntries) warnings.push(warning);
      feed.warning(warning);
    },
    end: () => feed.end(),
    [Symbol.asyncIterator]: () => feed[Symbol.asyncIterator](),
    get summary() {
      const all = [...vertexes.values()];
      const completed = all.filter((vertex) => vertex.completed).length;
      const counts = { total: all.length, cached: cached.size, completed };
      return {
        counts: { ...counts, warnings: warnings.length },
        whole: { vertexes: all, statuses: [...statuses.values()], logs, warnings },
      };
    },
  };
}
