import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { Digest } from '../../../src/core/index.ts';
import { openDatabase } from '../../../src/store/database.ts';
import {
  addLayer,
  baseTar,
  mountsUnder,
  openWorkbench,
  tarOf,
  type Workbench,
} from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.destroy());

const layer = (tar: Buffer, parent?: Digest | null) => addLayer(bench, tar, parent);

async function restart(options: { bootId?: string } = {}): Promise<void> {
  await bench.close();
  bench = await openWorkbench({ rootPath: bench.rootPath, ...options });
}

test('layers, snapshots and running mounts are found again', async () => {
  const chain = await layer(await baseTar());
  for (const id of ['running', 'stopped', 'gone']) {
    const snapshot = await bench.snapshots.prepare(id, chain);
    writeFileSync(join(await snapshot.mount(), 'mine'), id);
  }
  await bench.snapshots.view(chain);
  await restart();
  const existing = new Set(['running', 'stopped']);
  await bench.snapshots.recover({ existing, running: new Set(['running']) });
  const running = await bench.snapshots.get('running');
  assert.deepEqual(mountsUnder(bench.rootPath), [running.rootPath]);
  const stopped = await bench.snapshots.get('stopped');
  assert.equal(readFileSync(join(await stopped.mount(), 'mine'), 'utf8'), 'stopped');
  await assert.rejects(bench.snapshots.get('gone'), { kind: 'not-found' });
  assert(await bench.snapshots.has(chain));
});

test('directories without a record go, also unfinished ones', async () => {
  for (const folder of ['layers/99', 'staging/7/etc', 'active/half/fs', 'trash/1-1/x/y']) {
    mkdirSync(join(bench.rootPath, 'snapshots', folder), { recursive: true });
  }
  await restart();
  await bench.snapshots.settled();
  for (const folder of ['layers', 'staging', 'active', 'trash']) {
    assert.deepEqual(readdirSync(join(bench.rootPath, 'snapshots', folder)), [], folder);
  }
});

test('after a crash of the machine, layers that were not on disk yet are gone whole', async () => {
  const safe = await layer(await tarOf({ path: 'safe', type: 'file' }));
  await bench.snapshots.settled();
  const lost = await layer(await tarOf({ path: 'lost', type: 'file' }), safe);
  const onTop = await layer(await tarOf({ path: 'top', type: 'file' }), lost);
  await bench.snapshots.prepare('c', onTop);
  await bench.close();
  {
    using database = openDatabase(join(bench.rootPath, 'berth.db'));
    database.sqlite
      .prepare(
        "UPDATE layers SET unsynced_boot = 'before' WHERE number = (SELECT layer FROM chains WHERE chain = ?)",
      )
      .run(lost);
  }
  bench = await openWorkbench({ rootPath: bench.rootPath });
  assert.equal(await bench.snapshots.has(safe), true);
  assert.equal(await bench.snapshots.has(lost), false);
  assert.equal(await bench.snapshots.has(onTop), false);
  await assert.rejects(bench.snapshots.get('c'), { kind: 'not-found' });
  assert.equal(readdirSync(join(bench.rootPath, 'snapshots/layers')).length, 1);
});
