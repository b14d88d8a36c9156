import type { StatusFeed } from './status-feed.ts';
import { timestampOf, type Vertex, type VertexStatus } from './status-messages.ts';

/** The vertices of one build, as they begin, go on and end. */
export interface VertexBook {
  begin(vertex: Vertex, atMs: number): Vertex;
  /** How far something is that a vertex does. */
  progress(vertex: Vertex, step: { id: string; current: number; total?: number }): void;
  /** Something a vertex did, told when it is over. */
  did(vertex: Vertex, id: string): void;
  /** The end of a vertex; what it still did ends with it, or clients would wait for that. */
  end(vertex: Vertex, atMs: number): void;
}

export function createVertexBook(feed: StatusFeed): VertexBook {
  const underWay = new Map<string, Map<string, VertexStatus>>();

  function statusOf({ digest, started }: Vertex, id: string, current: number): VertexStatus {
    const now = timestampOf(Date.now());
    return { ID: id, vertex: digest, current, timestamp: now, started: started ?? now };
  }

  return {
    begin(vertex, atMs) {
      const begun = { ...vertex, started: timestampOf(atMs) };
      feed.vertex(begun);
      return begun;
    },
    progress(vertex, { id, current, total }) {
      const status = { ...statusOf(vertex, id, current), total };
      const isDone = total !== undefined && total > 0 && current >= total;
      const own = underWay.get(vertex.digest) ?? new Map<string, VertexStatus>();
      underWay.set(vertex.digest, own);
      if (isDone) own.delete(id);
      else own.set(id, status);
      feed.status(isDone ? { ...status, completed: status.timestamp } : status);
    },
    did(vertex, id) {
      const status = statusOf(vertex, id, 0);
      feed.status({ ...status, completed: status.timestamp });
    },
    end(vertex, atMs) {
      const completed = timestampOf(atMs);
      for (const status of underWay.get(vertex.digest)?.values() ?? []) {
        feed.status({ ...status, timestamp: completed, completed });
      }
      underWay.delete(vertex.digest);
      feed.vertex({ ...vertex, started: vertex.started ?? completed, completed });
    },
  };
}
