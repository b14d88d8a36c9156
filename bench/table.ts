import type { Row } from './row.ts';

export const tableHead = [
  'work'.padEnd(44),
  'berth'.padStart(10),
  'best peer'.padStart(22),
  'ratio'.padStart(7),
  'goal'.padStart(6),
].join('  ');

/** Berth against the best of its peers; of rates the higher is better. */
export function renderRow(row: Row, figures: Readonly<Record<string, number>>): string {
  const unit = row.unit ?? 's';
  const isRate = unit === '1/s' || unit === 'MB/s';
  const [[, own], ...peers] = Object.entries(figures) as [[string, number], ...[string, number][]];
  const [peer, best] = peers.toSorted(([, a], [, b]) => (isRate ? b - a : a - b))[0]!;
  const ratio = own / best;
  const isMet = isRate ? ratio >= row.goal : ratio <= row.goal;
  const digits = unit === 's' ? 3 : 1;
  return [
    row.name.padEnd(44),
    `${own.toFixed(digits)} ${unit}`.padStart(10),
    `${peer} ${best.toFixed(digits)} ${unit}`.padStart(22),
    ratio.toFixed(2).padStart(7),
    `${isRate ? '≥' : '≤'}${row.goal}`.padStart(6),
    isMet ? '' : ' missed',
  ]
    .join('  ')
    .trimEnd();
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
