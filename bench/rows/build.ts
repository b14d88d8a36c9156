import { writeContext } from '../context.ts';
import type { Bench } from '../open-bench.ts';
import { buildOnAll, onBuilders, type Row, timed } from '../row.ts';

const steps = (image: string, count: number, salt: string) =>
  `FROM ${image}\n${Array.from({ length: count }, (_, i) => `RUN echo ${salt} ${i} >/step-${i}\n`).join('')}`;

function uncached(count: number): Row {
  return {
    name: `build, ${count} steps, nothing cached`,
    goal: 0.5,
    sides: onBuilders((bench, salt) =>
      writeContext(bench, 'steps', steps(bench.image, count, salt)),
    ),
  };
}

function cached(count: number): Row[] {
  const context = (bench: Bench) =>
    writeContext(bench, 'cached', steps(bench.image, count, 'cached'));
  const prepare = async (bench: Bench) => buildOnAll(bench, await context(bench));
  const whole: Row = {
    name: `build, ${count} steps, all cached`,
    goal: 0.3,
    prepare,
    sides: onBuilders(context),
  };
  /** The client's start, the same on both sides of a comparison, is more than half of such a build. */
  const withoutStart: Row = {
    name: `the same ${count}, without the client's start`,
    goal: 0.3,
    prepare,
    sides: onBuilders(context, async (builder, folder) => {
      const startSeconds = await timed(() => builder.idle());
      return (await timed(() => builder.build(folder))) - startSeconds;
    }),
  };
  return [whole, withoutStart];
}

const wideGraph: Row = {
  name: 'build, 6 independent stages',
  goal: 0.5,
  sides: onBuilders((bench, salt) => {
    const stages = Array.from(
      { length: 6 },
      (_, i) => `FROM ${bench.image} AS s${i}\nRUN sleep 0.3; echo ${salt} >/out${i}\n`,
    );
    const copies = Array.from({ length: 6 }, (_, i) => `COPY --from=s${i} /out${i} /\n`);
    return writeContext(bench, 'wide', `${stages.join('')}FROM ${bench.image}\n${copies.join('')}`);
  }),
};

/** A step costs as much in a long build as in a short one. */
function flatSteps(short: number, long: number): Row {
  const costOf = (count: number) => async (bench: Bench, turn: number) => {
    // The short build is no beginning of the long one.
    const salt = `flat ${count} ${turn}`;
    const folder = await writeContext(bench, `flat-${count}`, steps(bench.image, count, salt));
    const seconds = await timed(() => bench.builders.get('berth')!.build(folder));
    return (seconds * 1000) / count;
  };
  return {
    name: `cost of a step, ${long} steps against ${short}`,
    goal: 1.1,
    unit: 'ms',
    sides: { berth: costOf(long), [`of ${short}`]: costOf(short) },
  };
}

export const buildRows: Row[] = [
  uncached(10),
  ...cached(10),
  uncached(30),
  ...cached(30),
  wideGraph,
  flatSteps(10, 1000),
];
