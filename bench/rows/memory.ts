import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { changeStart, writeContext, writeSmallFiles } from '../context.ts';
import type { Engine } from '../engine.ts';
import type { Bench } from '../open-bench.ts';
import type { Row } from '../row.ts';

const idle: Row = {
  name: 'memory of the idle daemon',
  goal: 1,
  unit: 'MB',
  prepare: () => sleep(3000),
  sides: {
    berth: async ({ berth }) => berth.residentBytes() / 1e6,
    dockerd: async ({ dockerd }) => dockerd.residentBytes() / 1e6,
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

export const memoryRows: Row[] = [idle, building];
