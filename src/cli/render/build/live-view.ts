import { cutToWidth, widthOf } from '../text-width.ts';
import type { BuildState, Change, Vertex } from './build-state.ts';
import { printableLine, seconds } from './text.ts';

export interface Terminal {
  write(text: string): void;
  readonly columns?: number;
  readonly rows?: number;
}

const redrawMs = 100;

/** BuildKit's live view: redrawn in place a few times a second, left standing at the end. */
export function createLiveView(
  state: BuildState,
  terminal: Terminal,
  { now = Date.now }: { now?: () => number } = {},
): { change(change: Change): void; finish(): void } {
  const startedAtMs = now();
  let drawnLines = 0;
  let isFinished = false;

  function draw(): void {
    if (state.vertices.size === 0) return;
    // A terminal that was never told its size says 0.
    const rows = isFinished ? Number.POSITIVE_INFINITY : (terminal.rows || 24) - 1;
    const lines = renderLive(state, {
      nowMs: now(),
      startedAtMs,
      columns: terminal.columns || 80,
      isFinished,
    });
    const shown =
      lines.length > rows ? [lines[0]!, ...lines.slice(lines.length - rows + 1)] : lines;
    const up = drawnLines > 0 ? `\x1b[${drawnLines}A` : '';
    terminal.write(`${up}\x1b[0J${shown.join('\n')}\n`);
    drawnLines = shown.length;
  }

  const timer = setInterval(draw, redrawMs);
  return {
    change() {
      if (drawnLines === 0) draw();
    },
    finish() {
      clearInterval(timer);
      isFinished = true;
      draw();
    },
  };
}

/** The view's lines at a moment; the last lines of what runs stand below its vertex. */
export function renderLive(
  state: BuildState,
  at: { nowMs: number; startedAtMs: number; columns: number; isFinished: boolean },
): string[] {
  const vertices = [...state.vertices.values()];
  const ended = vertices.filter((vertex) => vertex.endedAtMs !== undefined).length;
  const total = Math.max(vertices.length, state.total);
  const head = `[+] Building ${seconds(at.nowMs - at.startedAtMs, 1)}s (${ended}/${total})`;
  const lines = [at.isFinished ? `${head} FINISHED` : head];
  for (const vertex of vertices) {
    lines.push(vertexLine(vertex, at));
    if (vertex.endedAtMs !== undefined || at.isFinished) continue;
    if (vertex.detail) lines.push(fit(` => => ${vertex.detail}`, at.columns));
    for (const text of vertex.tail) lines.push(fit(` => => # ${printableLine(text)}`, at.columns));
  }
  return lines;
}

const labels = { done: '', cached: 'CACHED ', failed: 'ERROR ', canceled: 'CANCELED ' };

/** What had not ended when the view did was canceled. */
function vertexLine(
  vertex: Vertex,
  { nowMs, columns, isFinished }: { nowMs: number; columns: number; isFinished: boolean },
): string {
  const time = `${seconds((vertex.endedAtMs ?? nowMs) - vertex.startedAtMs, 1)}s`;
  const outcome = vertex.outcome ?? (isFinished ? 'canceled' : undefined);
  const label = outcome === undefined ? '' : labels[outcome];
  const width = columns - time.length - 2;
  const title = fit(` => ${label}${printableLine(vertex.title)}`, width);
  return `${title}${' '.repeat(Math.max(0, width - widthOf(title)))} ${time}`;
}

/** A tab would go on to wherever the terminal has its next stop. */
function fit(line: string, width: number): string {
  const text = line.replaceAll('\t', '  ');
  if (widthOf(text) <= width) return text;
  return `${cutToWidth(text, width - 1).text}…`;
}
