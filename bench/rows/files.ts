import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { changeStart, writeContext, writeLargeFile, writeSmallFiles } from '../context.ts';
import type { Bench } from '../open-bench.ts';
import { buildOnAll, onBuilders, type Row, timed } from '../row.ts';

const folderOf = (bench: Bench, name: string) => join(bench.folder, 'contexts', name);

/** Builds of the same context, with one file changed before each. */
function changing(name: string, file: string): Row['sides'] {
  return onBuilders(async (bench, salt) => {
    const folder = folderOf(bench, name);
    await changeStart(join(folder, file), salt);
    return folder;
  });
}

async function writeSmallContext(bench: Bench, name: string, count: number): Promise<void> {
  const folder = await writeContext(bench, name, `FROM ${bench.image}\nCOPY . /files/\n`);
  await writeSmallFiles(folder, count);
}

const smallFiles: Row = {
  name: 'COPY of 20,000 small files',
  goal: 0.6,
  prepare: (bench) => writeSmallContext(bench, 'small', 20_000),
  sides: changing('small', 'd0/f0'),
  cleanUp: (bench) => rm(folderOf(bench, 'small'), { recursive: true }),
};

/** Twenty COPY steps of a thousand files each; the ninth is the first that changes. */
const oneChanged: Row = {
  name: '20,000 files in 20 steps, one changed',
  goal: 0.6,
  async prepare(bench) {
    const copies = Array.from({ length: 20 }, (_, i) => `COPY g${i} /files/g${i}/\n`).join('');
    const folder = await writeContext(bench, 'groups', `FROM ${bench.image}\n${copies}`);
    await writeSmallFiles(folder, 20_000);
    for (let group = 0; group < 20; group++) {
      await mkdir(join(folder, `g${group}`));
      for (let d = group * 10; d < group * 10 + 10; d++)
        await rename(join(folder, `d${d}`), join(folder, `g${group}/d${d}`));
    }
    await buildOnAll(bench, folder);
  },
  sides: changing('groups', 'g8/d85/f0'),
  cleanUp: (bench) => rm(folderOf(bench, 'groups'), { recursive: true }),
};

const largeFile: Row = {
  name: 'COPY of one 500 MB file',
  goal: 0.6,
  async prepare(bench) {
    const folder = await writeContext(bench, 'large', `FROM ${bench.image}\nCOPY large /\n`);
    await writeLargeFile(join(folder, 'large'), 500_000_000);
  },
  sides: changing('large', 'large'),
  cleanUp: (bench) => rm(folderOf(bench, 'large'), { recursive: true }),
};

/** A file costs as much among many as among few. */
function flatFiles(few: number, many: number): Row {
  const costOf = (count: number) => async (bench: Bench, turn: number) => {
    const folder = folderOf(bench, `flat-${count}`);
    await changeStart(join(folder, 'd0/f0'), `${turn}`);
    const seconds = await timed(() => bench.builders.get('berth')!.build(folder));
    return (seconds * 1000) / count;
  };
  return {
    name: `cost of a file, ${many} files against ${few}`,
    goal: 1.1,
    unit: 'ms',
    onlyByName: true,
    async prepare(bench) {
      for (const count of [few, many]) await writeSmallContext(bench, `flat-${count}`, count);
    },
    sides: { berth: costOf(many), [`of ${few}`]: costOf(few) },
    cleanUp: (bench) =>
      Promise.all(
        [few, many].map((count) => rm(folderOf(bench, `flat-${count}`), { recursive: true })),
      ),
  };
}

export const fileRows: Row[] = [smallFiles, oneChanged, largeFile, flatFiles(1000, 100_000)];
