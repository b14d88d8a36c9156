import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { changeStart, writeContext, writeLargeFile } from '../context.ts';
import type { Engine } from '../engine.ts';
import type { Bench } from '../open-bench.ts';
import { type Row, timed } from '../row.ts';

const layers = Array.from({ length: 10 }, (_, i) => `layer${i}`);
const nameIn = (registry: 'berth' | 'peer', { registryPort }: Bench) =>
  `127.0.0.1:${registryPort[registry]}/bench/large:x`;

/** Ten layers of 50 MB. */
async function prepare(bench: Bench): Promise<void> {
  const copies = layers.map((layer) => `COPY ${layer} /${layer}\n`).join('');
  const folder = await writeContext(bench, 'transfer', `FROM scratch\n${copies}`);
  for (const layer of layers) await writeLargeFile(join(folder, layer), 50_000_000);
}

const cleanUp = (bench: Bench) =>
  rm(join(bench.folder, 'contexts/transfer'), { recursive: true, force: true });

/** An image that no registry has seen a layer of. */
async function buildFresh(bench: Bench, engine: Engine, tag: string, salt: string): Promise<void> {
  const folder = join(bench.folder, 'contexts/transfer');
  for (const layer of layers) await changeStart(join(folder, layer), `${tag} ${salt}`);
  await engine.docker('build', '-q', '-t', tag, folder);
}

async function pushFresh(bench: Bench, engine: Engine, tag: string, salt: string): Promise<number> {
  await buildFresh(bench, engine, tag, salt);
  return timed(() => engine.docker('push', '-q', tag));
}

const push: Row = {
  name: 'push of a 500 MB image, each to its registry',
  goal: 0.5,
  needs: ['docker-registry'],
  prepare,
  sides: {
    berth: (bench, turn) => pushFresh(bench, bench.berth, nameIn('berth', bench), `berth ${turn}`),
    dockerd: (bench, turn) => pushFresh(bench, bench.dockerd, nameIn('peer', bench), `own ${turn}`),
  },
};

const pushToPeer: Row = {
  name: 'push of a 500 MB image to docker-registry',
  goal: 0.5,
  needs: ['docker-registry'],
  prepare,
  sides: {
    berth: (bench, turn) => pushFresh(bench, bench.berth, nameIn('peer', bench), `b ${turn}`),
    dockerd: (bench, turn) => pushFresh(bench, bench.dockerd, nameIn('peer', bench), `d ${turn}`),
  },
};

/** Both pull from the same docker-registry, so that the network's part is the same. */
const pull: Row = {
  name: 'pull of a 500 MB image',
  goal: 0.5,
  needs: ['docker-registry', 'dockerd'],
  async prepare(bench) {
    await prepare(bench);
    await pushFresh(bench, bench.dockerd, nameIn('peer', bench), 'pull');
    await forget(bench.dockerd, bench);
  },
  sides: {
    berth: (bench) => pullFresh(bench, bench.berth),
    dockerd: (bench) => pullFresh(bench, bench.dockerd),
  },
  cleanUp,
};

async function pullFresh(bench: Bench, engine: Engine): Promise<number> {
  const seconds = await timed(() => engine.docker('pull', '-q', nameIn('peer', bench)));
  await forget(engine, bench);
  return seconds;
}

/** Layers go with the last that refers to them: image, build cache, what is waiting to be collected. */
async function forget(engine: Engine, bench: Bench): Promise<void> {
  await engine.docker('rmi', '-f', nameIn('peer', bench));
  await engine.docker('builder', 'prune', '-af');
}

export const transferRows: Row[] = [push, pushToPeer, pull];
