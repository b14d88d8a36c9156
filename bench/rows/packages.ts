import { cp } from 'node:fs/promises';
import { writeContext } from '../context.ts';
import { onBuilders, type Row } from '../row.ts';

const image = 'bench/debian';

/** The packages come from a folder of the image, so no network is measured. */
const aptGet: Row = {
  name: 'build, one apt-get install step',
  goal: 0.8,
  needs: ['debian'],
  async prepare(bench) {
    const folder = await writeContext(
      bench,
      'debian',
      'FROM scratch\nADD root.tar /\nCOPY packages /packages\n' +
        'RUN rm -f /etc/apt/sources.list.d/* && echo "deb [trusted=yes] file:/packages ./" >/etc/apt/sources.list\n',
    );
    await cp(bench.debian, folder, { recursive: true });
    for (const [name, builder] of bench.builders)
      if (!bench.missing.has(name)) await builder.build(folder, image);
  },
  sides: onBuilders((bench, salt) =>
    writeContext(
      bench,
      'apt',
      `FROM ${image}\nRUN echo ${salt} && apt-get update && apt-get install -y --no-install-recommends python3\n`,
    ),
  ),
};

export const packageRows: Row[] = [aptGet];
