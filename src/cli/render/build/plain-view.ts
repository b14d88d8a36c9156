import type { Change, Vertex } from './build-state.ts';
import { printableLine, seconds } from './text.ts';

/** What ends sooner is told in one piece, whatever else runs beside it. */
const quickMs = 150;

/** BuildKit's plain output: every vertex has a number, its lines carry it. */
export function createPlainView(write: (text: string) => void): (change: Change) => void {
  let last: Vertex | undefined;
  const seen = new Set<Vertex>();
  const quiet = new Map<Vertex, NodeJS.Timeout>();

  function line(vertex: Vertex, text: string): void {
    if (last !== undefined && last !== vertex) write('\n');
    if (last !== vertex && seen.has(vertex)) write(`#${vertex.number} ...\n`);
    last = vertex;
    seen.add(vertex);
    write(`#${vertex.number} ${printableLine(text)}\n`);
  }

  function announce(vertex: Vertex): void {
    clearTimeout(quiet.get(vertex));
    quiet.delete(vertex);
    if (!seen.has(vertex)) line(vertex, vertex.title);
  }

  return ({ vertex, kind, lines = [] }) => {
    if (kind === 'started') {
      quiet.set(vertex, setTimeout(announce, quickMs, vertex).unref());
      return;
    }
    if (kind === 'detail') return;
    announce(vertex);
    const elapsed = seconds(Date.now() - vertex.startedAtMs, 3);
    for (const text of lines) line(vertex, `${elapsed} ${text}`);
    if (kind !== 'ended') return;
    if (vertex.partialLine !== '') line(vertex, `${elapsed} ${vertex.partialLine}`);
    if (vertex.detail && vertex.outcome !== 'failed') line(vertex, vertex.detail);
    line(vertex, closing(vertex));
  };
}

function closing({ outcome, detail, startedAtMs, endedAtMs = 0 }: Vertex): string {
  if (outcome === 'cached') return 'CACHED';
  if (outcome === 'canceled') return 'CANCELED';
  if (outcome === 'failed') return detail ? `ERROR: ${detail}` : 'ERROR';
  return `DONE ${seconds(endedAtMs - startedAtMs, 1)}s`;
}
