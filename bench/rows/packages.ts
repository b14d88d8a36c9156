import { cp } from 'node:fs/promises';
import { writeContext } from '../context.ts';
import type { Bench } from '../open-bench.ts';
import { buildOnAll, onBuilders, type Row, timed } from '../row.ts';

const image = 'bench/debian';

const install = 'apt-get update && apt-get install -y --no-install-recommends python3';

/** The packages come from a folder of the image, so no network is measured. */
async function prepare(bench: Bench): Promise<void> {
  const folder = await writeContext(
    bench,
    'debian',
    'FROM scratch\nADD root.tar /\nCOPY packages /packages\n' +
      'RUN rm -f /etc/apt/sources.list.d/* && echo "deb [trusted=yes] file:/packages ./" >/etc/apt/sources.list\n',
  );
  await cp(bench.debian, folder, { recursive: true });
  await buildOnAll(bench, folder, image);
}

const whole: Row = {
  name: 'build, one apt-get install step',
  goal: 0.8,
  needs: ['debian'],
  prepare,
  sides: onBuilders((bench, salt) =>
    writeContext(bench, 'apt', `FROM ${image}\nRUN echo ${salt} && ${install}\n`),
  ),
};

/**
 * What the builder adds to the command: client, container, layer. The command takes its own time,
 * inside the step, on each side.
 */
const beyond: Row = {
  name: 'the same, without the command itself',
  goal: 0.8,
  needs: ['debian'],
  prepare,
  sides: onBuilders(
    (bench, salt) =>
      writeContext(
        bench,
        'apt',
        `FROM ${image}\nRUN began=$(date +%s%N); echo ${salt} && ${install} && echo "took $(($(date +%s%N) - began)) ns"\n`,
      ),
    async (builder, folder) => {
      let output = '';
      const seconds = await timed(async () => {
        output = await builder.output(folder);
      });
      const took = /took (\d+) ns/.exec(output)?.[1];
      if (took === undefined) throw new Error('the step did not tell how long it took');
      return seconds - Number(took) / 1e9;
    },
  ),
};

export const packageRows: Row[] = [whole, beyond];
