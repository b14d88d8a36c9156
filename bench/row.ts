import type { Engine } from './engine.ts';

/** What every row finds ready. */
export interface Bench {
  readonly folder: string;
  readonly berth: Engine;
  readonly dockerd: Engine;
  readonly registryPort: { berth: number; peer: number };
  /** A busybox image that both engines have. */
  readonly image: string;
}

/** One line of the table. Figures are seconds unless the row says otherwise. */
export interface Row {
  readonly name: string;
  /** Highest ratio of Berth's figure to the peer's that meets DESIGN's goal. */
  readonly goal: number;
  readonly unit?: 's' | 'MB' | '1/s' | 'MB/s';
  /** Left out unless its whole name is asked for: it takes minutes or gigabytes. */
  readonly onlyByName?: boolean;
  /** Made once, before the runs. */
  prepare?(bench: Bench): Promise<void>;
  /** One measurement of each side by name, the first being Berth's; default `berth` and `dockerd`. */
  readonly sides: Readonly<Record<string, (bench: Bench, run: number) => Promise<number>>>;
  cleanUp?(bench: Bench): Promise<void>;
}

/** Seconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - began) / 1e9;
}

/** The same work on both engines. */
export function onEngines(
  work: (engine: Engine, bench: Bench, run: number) => Promise<unknown>,
): Row['sides'] {
  return {
    berth: (bench, run) => timed(() => work(bench.berth, bench, run)),
    dockerd: (bench, run) => timed(() => work(bench.dockerd, bench, run)),
  };
}
