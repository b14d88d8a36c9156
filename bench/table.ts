import type { Measurement } from './measure.ts';
import type { Row } from './row.ts';

const widths = [46, 11, 26, 6, 6, 5, 7];
const columns = (first: string, ...cells: string[]) =>
  [first.padEnd(widths[0]!), ...cells.map((cell, i) => cell.padStart(widths[i + 1] ?? 0))]
    .join(' ')
    .trimEnd();

export const tableHead = columns('work', 'berth', 'best peer', 'ratio', 'goal', 'runs');

interface Comparison {
  readonly own: string;
  readonly peer: string;
  readonly ratio: number;
}

/**
 * Berth against the peer that does best against it, and the others' figures; of rates the higher is
 * better. Who is driven by a docker client is compared with Berth driven by the same one.
 */
export function renderRow(row: Row, { figures, runs }: Measurement): string {
  const unit = row.unit ?? 's';
  const isRate = unit.endsWith('/s');
  const digits = unit === 's' ? 3 : 1;
  const show = (name: string) => `${figures.get(name)!.toFixed(digits)} ${unit}`;
  const goal = `${isRate ? '≥' : '≤'}${row.goal}`;
  const comparisons = [...figures.keys()].filter(isPeer).map((peer) => comparisonOf(figures, peer));
  const [hardest] = comparisons.toSorted((a, b) =>
    isRate ? a.ratio - b.ratio : b.ratio - a.ratio,
  );
  if (!hardest) return columns(row.name, show('berth'), 'none', '', goal, `${runs}`);
  const { own, peer, ratio } = hardest;
  const isMet = isRate ? ratio >= row.goal : ratio <= row.goal;
  const others = [...figures.keys()].filter((name) => name !== own && name !== peer);
  return columns(
    row.name,
    show(own),
    `${peer} ${show(peer)}`,
    ratio.toFixed(2),
    goal,
    `${runs}`,
    isMet ? '' : 'missed',
    ` ${others.map((name) => `${name} ${show(name)}`).join(', ')}`,
  );
}

const isPeer = (name: string) => !name.startsWith('berth');

function comparisonOf(figures: ReadonlyMap<string, number>, peer: string): Comparison {
  const own = peer === 'dockerd' && figures.has('berth classic') ? 'berth classic' : 'berth';
  return { own, peer, ratio: figures.get(own)! / figures.get(peer)! };
}
