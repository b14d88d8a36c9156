import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Engine } from '../engine.ts';
import { type Bench, type Row, timed } from '../row.ts';

const run = promisify(execFile);
const name = (bench: Bench, engine: Engine, tag = 'x') =>
  `127.0.0.1:${bench.registryPort[engine.name === 'berth' ? 'berth' : 'peer']}/bench/big:${tag}`;

/** Ten layers of 50 MB, half of it compressible as files of programs are. */
async function writeContext(bench: Bench, salt: string): Promise<string> {
  const folder = join(bench.folder, 'contexts/transfer');
  await mkdir(folder, { recursive: true });
  const lines = Array.from({ length: 10 }, (_, i) => `COPY layer${i} /layer${i}`);
  for (let i = 0; i < 10; i++) {
    await run('sh', [
      '-c',
      `{ echo ${salt}; head -c 25000000 /dev/urandom; head -c 12500000 /dev/urandom | base64 -w 80 | head -c 25000000; } >${folder}/layer${i}`,
    ]);
  }
  await writeFile(join(folder, 'Dockerfile'), `FROM scratch\n${lines.join('\n')}\n`);
  return folder;
}

async function buildFresh(bench: Bench, engine: Engine, turn: number): Promise<void> {
  const folder = await writeContext(bench, `${engine.name} ${turn}`);
  await engine.docker('build', '-q', '-t', name(bench, engine), folder);
}

const push: Row = {
  name: 'push of a 500 MB image',
  goal: 0.5,
  sides: {
    async berth(bench, turn) {
      await buildFresh(bench, bench.berth, turn);
      return timed(() => bench.berth.docker('push', '-q', name(bench, bench.berth)));
    },
    async dockerd(bench, turn) {
      await buildFresh(bench, bench.dockerd, turn);
      return timed(() => bench.dockerd.docker('push', '-q', name(bench, bench.dockerd)));
    },
  },
};

/** Both pull from the same docker-registry, so that the network's part is the same. */
const pull: Row = {
  name: 'pull of a 500 MB image',
  goal: 0.5,
  async prepare(bench) {
    await buildFresh(bench, bench.dockerd, 0);
    await bench.dockerd.docker('push', '-q', name(bench, bench.dockerd));
  },
  sides: {
    berth: (bench) => pullFresh(bench, bench.berth),
    dockerd: (bench) => pullFresh(bench, bench.dockerd),
  },
  cleanUp: (bench) => rm(join(bench.folder, 'contexts/transfer'), { recursive: true }),
};

async function pullFresh(bench: Bench, engine: Engine): Promise<number> {
  const image = name(bench, bench.dockerd);
  await engine.docker('rmi', '-f', image).catch(() => ''); // not there at the first run
  await engine.docker('builder', 'prune', '-af').catch(() => '');
  return timed(() => engine.docker('pull', '-q', image));
}

export const transferRows: Row[] = [push, pull];
