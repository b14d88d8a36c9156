import type { Measurement } from './measure.ts';
import type { Row } from './row.ts';

const widths = [46, 11, 26, 6, 6, 5, 7];
const columns = (first: string, ...cells: string[]) =>
  [first.padEnd(widths[0]!), ...cells.map((cell, i) => cell.padStart(widths[i + 1] ?? 0))]
    .join(' ')
    .trimEnd();

export const tableHead = columns('work', 'berth', 'best peer', 'ratio', 'goal', 'runs');

/** Berth against the best of its peers, and the others' figures; of rates the higher is better. */
export function renderRow(row: Row, { figures, runs }: Measurement): string {
  const unit = row.unit ?? 's';
  const isRate = unit.endsWith('/s');
  const digits = unit === 's' ? 3 : 1;
  const show = (figure: number) => `${figure.toFixed(digits)} ${unit}`;
  const [[, own], ...peers] = [...figures] as [[string, number], ...[string, number][]];
  const [best, ...others] = peers.toSorted(([, a], [, b]) => (isRate ? b - a : a - b));
  const goal = `${isRate ? '≥' : '≤'}${row.goal}`;
  if (!best) return columns(row.name, show(own), 'none', '', goal, `${runs}`);
  const ratio = own / best[1];
  const isMet = isRate ? ratio >= row.goal : ratio <= row.goal;
  const rest = others.map(([name, figure]) => `${name} ${show(figure)}`).join(', ');
  return columns(
    row.name,
    show(own),
    `${best[0]} ${show(best[1])}`,
    ratio.toFixed(2),
    goal,
    `${runs}`,
    isMet ? '' : 'missed',
    ` ${rest}`,
  );
}
