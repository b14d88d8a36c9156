import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Bench, type Row, timed } from '../row.ts';

const run = promisify(execFile);
const runLines = (count: number, salt: string) =>
  Array.from({ length: count }, (_, i) => `RUN echo ${salt} ${i} >/step-${i}`).join('\n');

/** A context with one Dockerfile, remade before each run so that nothing is cached unless wished. */
async function context(bench: Bench, name: string, dockerfile: string): Promise<string> {
  const folder = join(bench.folder, 'contexts', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  return folder;
}

function steps(count: number): Row[] {
  const dockerfile = ({ image }: Bench, salt: string) =>
    `FROM ${image}\n${runLines(count, salt)}\n`;
  return [
    {
      name: `build, ${count} steps, nothing cached`,
      goal: 0.5,
      sides: sidesOfBuild((bench, side, turn) =>
        context(bench, `steps-${count}-${side}`, dockerfile(bench, `${turn}`)),
      ),
    },
    {
      name: `build, ${count} steps, all cached`,
      goal: 0.3,
      async prepare(bench) {
        const folder = await context(bench, `cached-${count}`, dockerfile(bench, 'cached'));
        for (const engine of [bench.berth, bench.dockerd])
          await engine.docker('build', '-q', folder);
        await buildah(bench, folder);
      },
      sides: sidesOfBuild(async (bench) => join(bench.folder, 'contexts', `cached-${count}`)),
    },
  ];
}

/** Berth, dockerd and buildah building the same folder; buildah with its layer cache. */
function sidesOfBuild(
  folderOf: (bench: Bench, side: string, turn: number) => Promise<string>,
): Row['sides'] {
  const on = (side: 'berth' | 'dockerd') => async (bench: Bench, turn: number) => {
    const folder = await folderOf(bench, side, turn);
    return timed(() => bench[side].docker('build', '-q', folder));
  };
  return {
    berth: on('berth'),
    dockerd: on('dockerd'),
    async buildah(bench, turn) {
      const folder = await folderOf(bench, 'buildah', turn);
      return timed(() => buildah(bench, folder));
    },
  };
}

async function buildah(bench: Bench, folder: string): Promise<void> {
  const root = join(bench.folder, 'buildah');
  const storage = [
    '--root',
    join(root, 'root'),
    '--runroot',
    join(root, 'run'),
    '--storage-driver',
    'overlay',
  ];
  await run('buildah', [...storage, 'build', '--layers', '--isolation', 'chroot', '-q', folder], {
    maxBuffer: 2 ** 26,
  });
}

const smallFiles: Row = {
  name: 'COPY of 20,000 small files',
  goal: 0.6,
  async prepare(bench) {
    const folder = await context(bench, 'small', `FROM ${bench.image}\nCOPY . /files/\n`);
    for (let directory = 0; directory < 200; directory++) {
      const path = join(folder, `d${directory}`);
      await mkdir(path, { recursive: true });
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          writeFile(join(path, `f${i}`), randomBytes(512).toString('hex')),
        ),
      );
    }
  },
  sides: sidesOfBuild(async (bench, _side, turn) => {
    const folder = join(bench.folder, 'contexts/small');
    await writeFile(join(folder, 'd0/f0'), `turn ${turn} ${_side}`);
    return folder;
  }),
};

const oneChanged: Row = {
  name: '20,000 files, one changed, 20 COPY steps',
  goal: 0.6,
  async prepare(bench) {
    const copies = Array.from({ length: 20 }, (_, i) => `COPY d${i}* /files/d${i}/`).join('\n');
    await cp(join(bench.folder, 'contexts/small'), join(bench.folder, 'contexts/changed'), {
      recursive: true,
    });
    await context(bench, 'changed', `FROM ${bench.image}\n${copies}\n`);
  },
  sides: sidesOfBuild(async (bench, side, turn) => {
    const folder = join(bench.folder, 'contexts/changed');
    await writeFile(join(folder, 'd99/f0'), `turn ${turn} ${side}`);
    return folder;
  }),
};

const bigFile: Row = {
  name: 'COPY of one 500 MB file',
  goal: 0.6,
  async prepare(bench) {
    const folder = await context(bench, 'big', `FROM ${bench.image}\nCOPY big /\n`);
    await run('sh', ['-c', `head -c 500000000 /dev/urandom >${folder}/big`]);
  },
  sides: sidesOfBuild(async (bench, side, turn) => {
    const folder = join(bench.folder, 'contexts/big');
    await run('sh', [
      '-c',
      `printf '${side} ${turn}' | dd of=${folder}/big conv=notrunc status=none`,
    ]);
    return folder;
  }),
  cleanUp: (bench) => rm(join(bench.folder, 'contexts/big'), { recursive: true }),
};

const wideGraph: Row = {
  name: 'build, 6 independent stages',
  goal: 0.5,
  sides: sidesOfBuild((bench, side, turn) => {
    const stages = Array.from(
      { length: 6 },
      (_, i) => `FROM ${bench.image} AS s${i}\nRUN sleep 0.3; echo ${side} ${turn} >/out${i}\n`,
    ).join('');
    const copies = Array.from({ length: 6 }, (_, i) => `COPY --from=s${i} /out${i} /\n`).join('');
    return context(bench, `wide-${side}`, `${stages}FROM ${bench.image}\n${copies}`);
  }),
};

export const buildRows: Row[] = [
  ...steps(10),
  ...steps(30),
  wideGraph,
  smallFiles,
  oneChanged,
  bigFile,
];
