import type { Bench } from './open-bench.ts';
import { run } from './processes.ts';
import type { Row, Side } from './row.ts';

/** Time after which a row begins no further turn, so that a run of all rows stays bearable. */
const budgetMs = 25_000;

/** Medians by side, Berth's first, and why other sides have none. */
export interface Measurement {
  /** Turns that each side took, the first included. */
  readonly runs: number;
  readonly figures: ReadonlyMap<string, number>;
  readonly skipped: ReadonlyMap<string, string>;
}

/**
 * Measures a row: the sides take turns, and change who begins. A peer that fails is left out with
 * its reason; when Berth fails, this throws.
 */
export async function measure(row: Row, bench: Bench, runs: number): Promise<Measurement> {
  const skipped = new Map<string, string>();
  const samples = new Map<string, number[]>();
  for (const side of Object.keys(row.sides)) {
    const reason = bench.missing.get(side);
    if (reason === undefined) samples.set(side, []);
    else skipped.set(side, reason);
  }

  async function turn(side: string, measureSide: Side, number: number): Promise<void> {
    await run('sync', ['-f', bench.folder]); // what one side wrote is not written on the other's time
    try {
      samples.get(side)!.push(await measureSide(bench, number));
    } catch (error) {
      if (side === 'berth') throw error;
      samples.delete(side);
      skipped.set(side, error instanceof Error ? error.message : String(error));
    }
  }

  try {
    await row.prepare?.(bench);
    const giveUpAtMs = Date.now() + budgetMs;
    for (let number = 0; number <= runs && (number === 0 || Date.now() < giveUpAtMs); number++) {
      const sides = Object.entries(row.sides).filter(([side]) => samples.has(side));
      if (number % 2 === 1) sides.reverse();
      for (const [side, measureSide] of sides) await turn(side, measureSide, number);
    }
  } finally {
    await row.cleanUp?.(bench);
  }
  return {
    figures: new Map([...samples].map(([side, list]) => [side, medianOf(list)])),
    runs: samples.get('berth')!.length,
    skipped,
  };
}

/** The first of several is not counted: caches were cold and code not compiled yet. */
function medianOf(samples: readonly number[]): number {
  const sorted = samples.slice(samples.length > 1 ? 1 : 0).toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
