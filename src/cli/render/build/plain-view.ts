import type { Change, Vertex } from './build-state.ts';
import { printableLine, seconds } from './text.ts';

/** BuildKit's plain output: every vertex has a number, its lines carry it. */
export function createPlainView(write: (text: string) => void): (change: Change) => void {
  let last: Vertex | undefined;
  const seen = new Set<Vertex>();

  function line(vertex: Vertex, text: string): void {
    if (last !== undefined && last !== vertex) write('\n');
    if (last !== vertex && seen.has(vertex)) write(`#${vertex.number} ...\n`);
    last = vertex;
    seen.add(vertex);
    write(`#${vertex.number} ${printableLine(text)}\n`);
  }

  return ({ vertex, kind, lines = [] }) => {
    if (!seen.has(vertex)) line(vertex, vertex.title);
    if (kind === 'output') {
      for (const text of lines)
        line(vertex, `${seconds(Date.now() - vertex.startedAtMs, 3)} ${text}`);
    }
    if (kind !== 'ended') return;
    if (vertex.partialLine !== '') line(vertex, vertex.partialLine);
    if (vertex.detail) line(vertex, vertex.detail);
    line(vertex, closing(vertex));
  };
}

function closing(vertex: Vertex): string {
  if (vertex.outcome === 'cached') return 'CACHED';
  if (vertex.outcome === 'canceled') return 'CANCELED';
  if (vertex.outcome === 'failed') return 'ERROR';
  return `DONE ${seconds((vertex.endedAtMs ?? 0) - vertex.startedAtMs, 1)}s`;
}
