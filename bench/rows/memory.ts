import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { changeStart, writeContext, writeSmallFiles } from '../context.ts';
import type { Engine } from '../engine.ts';
import type { Bench } from '../open-bench.ts';
import type { Row } from '../row.ts';

/** Go's and Node's memory come back a while after the work is done. */
const restMs = 20_000;

const enginesOf = (bench: Bench) =>
  bench.missing.has('dockerd') ? [bench.berth] : [bench.berth, bench.dockerd];

const idle: Row = {
  name: 'memory of the idle daemon, after some work',
  goal: 1,
  unit: 'MB',
  async prepare(bench) {
    for (const engine of enginesOf(bench)) {
      for (let i = 0; i < 20; i++) await engine.docker('run', '--rm', bench.image, 'true');
    }
    await sleep(restMs);
  },
  sides: {
    berth: async ({ berth }) => berth.residentBytes() / 1e6,
    dockerd: async ({ dockerd }) => dockerd.residentBytes() / 1e6,
  },
};

/** What each of the daemons holds beyond its shims, which are the same program on both sides. */
const before = new Map<Engine, number>();
const grownMegabytes = (engine: Engine) =>
  (engine.residentBytes() - (before.get(engine) ?? 0)) / 1e6;

const containers: Row = {
  name: 'memory 100 idle containers add to the daemon',
  goal: 1,
  unit: 'MB',
  onlyByName: true,
  async prepare(bench) {
    for (const engine of enginesOf(bench)) {
      await engine.docker('run', '--rm', bench.image, 'true');
      await sleep(restMs);
      before.set(engine, engine.residentBytes());
      const start = () => engine.docker('run', '-d', bench.image, 'sleep', '1000');
      for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 10 }, start));
    }
    await sleep(restMs);
  },
  sides: {
    berth: async ({ berth }) => grownMegabytes(berth),
    dockerd: async ({ dockerd }) => grownMegabytes(dockerd),
  },
  async cleanUp(bench) {
    for (const engine of enginesOf(bench)) {
      const ids = (await engine.docker('ps', '-q')).split('\n').filter(Boolean);
      await engine.docker('rm', '-f', ...ids);
    }
  },
};

/** The most a daemon and its children hold while it builds. */
async function peakMegabytes(bench: Bench, engine: Engine, turn: number): Promise<number> {
  const folder = join(bench.folder, 'contexts/memory');
  await changeStart(join(folder, 'd0/f0'), `${engine.name} ${turn}`);
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, engine.residentBytes());
  }, 20);
  try {
    await engine.docker('build', '-q', folder);
  } finally {
    clearInterval(timer);
  }
  return peakBytes / 1e6;
}

const building: Row = {
  name: 'memory while building, 10,000 files, 10 steps',
  goal: 1,
  unit: 'MB',
  async prepare(bench) {
    const runs = Array.from({ length: 10 }, (_, i) => `RUN echo ${i} >/step-${i}\n`).join('');
    const dockerfile = `FROM ${bench.image}\nCOPY . /files/\n${runs}`;
    await writeSmallFiles(await writeContext(bench, 'memory', dockerfile), 10_000);
  },
  sides: {
    berth: (bench, turn) => peakMegabytes(bench, bench.berth, turn),
    dockerd: (bench, turn) => peakMegabytes(bench, bench.dockerd, turn),
  },
  cleanUp: (bench) => rm(join(bench.folder, 'contexts/memory'), { recursive: true }),
};

export const memoryRows: Row[] = [idle, containers, building];
