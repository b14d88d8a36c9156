import type { Builder } from './builder.ts';
import type { Engine } from './engine.ts';
import type { Bench } from './open-bench.ts';

/** One measurement; figures are seconds unless the row says otherwise. */
export type Side = (bench: Bench, turn: number) => Promise<number>;

/** One line of the table. */
export interface Row {
  readonly name: string;
  /** Ratio of Berth's figure to the best peer's that meets the goal: at most, or at least for rates. */
  readonly goal: number;
  readonly unit?: 's' | 'ms' | 'MB' | '1/s' | 'MB/s';
  /** One measurement by each side's name, the first being Berth's; a missing peer's is left out. */
  readonly sides: Readonly<Record<string, Side>>;
  /** What the row cannot do without: names in `Bench.missing`. */
  readonly needs?: readonly string[];
  /** Left out unless its whole name is asked for: it takes minutes or gigabytes. */
  readonly onlyByName?: boolean;
  /** Made once, before the runs. */
  prepare?(bench: Bench): Promise<unknown>;
  cleanUp?(bench: Bench): Promise<unknown>;
}

/** Seconds that `work` took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - began) / 1e9;
}

/** The same work on both engines. */
export function onEngines(work: (engine: Engine, bench: Bench) => Promise<unknown>): Row['sides'] {
  return {
    berth: (bench) => timed(() => work(bench.berth, bench)),
    dockerd: (bench) => timed(() => work(bench.dockerd, bench)),
  };
}

const timedBuild = (builder: Builder, folder: string) => timed(() => builder.build(folder));

/** The same folder built by each builder; `folderOf` makes it, unmeasured. */
export function onBuilders(
  folderOf: (bench: Bench, salt: string) => Promise<string>,
  figureOf = timedBuild,
  names = ['berth', 'berth classic', 'dockerd', 'buildkit', 'buildah'],
): Row['sides'] {
  const on =
    (name: string): Side =>
    async (bench, turn) => {
      const folder = await folderOf(bench, `${name} ${turn}`);
      return figureOf(bench.builders.get(name)!, folder);
    };
  return Object.fromEntries(names.map((name) => [name, on(name)]));
}

/** Builds a folder once with each builder there is, unmeasured. */
export async function buildOnAll(bench: Bench, folder: string, tag?: string): Promise<void> {
  for (const [name, builder] of bench.builders)
    if (!bench.missing.has(name)) await builder.build(folder, tag);
}
