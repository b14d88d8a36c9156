import type {
  StatusResponse,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from './status-messages.ts';

/** What a build says, gathered until its client takes it; read once. */
export interface StatusFeed extends AsyncIterable<StatusResponse> {
  vertex(vertex: Vertex): void;
  status(status: VertexStatus): void;
  log(log: VertexLog): void;
  warning(warning: VertexWarning): void;
  end(): void;
}

/** What a client that does not read may leave waiting in memory. */
const mostLogBytes = 16 * 2 ** 20;

/**
 * Of a vertex or a status that was not taken yet only the newest is kept; output beyond 16 MiB is
 * dropped, and that is told in its place.
 */
export function createStatusFeed(): StatusFeed {
  let vertexes = new Map<string, Vertex>();
  let statuses = new Map<string, VertexStatus>();
  let logs: VertexLog[] = [];
  let warnings: VertexWarning[] = [];
  let logBytes = 0;
  let isEnded = false;
  let wake = () => {};

  function take(): StatusResponse | undefined {
    if (vertexes.size + statuses.size + logs.length + warnings.length === 0) return undefined;
    const taken = {
      vertexes: [...vertexes.values()],
      statuses: [...statuses.values()],
      logs,
      warnings,
    };
    vertexes = new Map();
    statuses = new Map();
    logs = [];
    warnings = [];
    logBytes = 0;
    return taken;
  }

  async function* read(): AsyncGenerator<StatusResponse> {
    for (;;) {
      const taken = take();
      if (taken) yield taken;
      else if (isEnded) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        // What is said in the same turn goes out together.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  const reading = read();
  return {
    vertex(vertex) {
      vertexes.set(vertex.digest, vertex);
      wake();
    },
    status(status) {
      statuses.set(`${status.vertex} ${status.ID}`, status);
      wake();
    },
    log(log) {
      const wasFull = logBytes > mostLogBytes;
      logBytes += log.msg.length;
      if (wasFull) return;
      const isFull = logBytes > mostLogBytes;
      logs.push(isFull ? { ...log, msg: Buffer.from('[output dropped: nobody reads it]\n') } : log);
      wake();
    },
    warning(warning) {
      warnings.push(warning);
      wake();
    },
    end() {
      isEnded = true;
      wake();
    },
    [Symbol.asyncIterator]: () => reading,
  };
}
