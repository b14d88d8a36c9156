import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { collect, type Digest, parseReference } from '../../../src/core/index.ts';
import { openDatabase, openStore, type Store } from '../../../src/store/index.ts';
import { buildImage, pullImage } from './sample-images.ts';
import { gzipped, tarOf } from './workbench.ts';

let folder: string;
let store: Store;
let others: { blobs: Digest[]; chains: Digest[] };
let close: () => Promise<void>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-garbage-'));
  others = { blobs: [], chains: [] };
  const database = openDatabase(join(folder, 'berth.db'));
  store = await openStore({ rootPath: folder, database, roots: () => others });
  close = async () => {
    await store.snapshots.recover({ existing: new Set(), running: new Set() });
    await store[Symbol.asyncDispose]();
    database[Symbol.dispose]();
  };
});
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true });
});

const now = { graceMs: -1 };

async function chain(parent: Digest | null, name: string): Promise<Digest> {
  const tar = await tarOf({ path: name, type: 'file', content: name });
  return await store.snapshots.stack(await store.snapshots.unpack(gzipped(tar)), parent);
}

async function blobs(): Promise<Digest[]> {
  const found: Digest[] = [];
  for await (const { digest } of store.content.list()) found.push(digest);
  return found;
}

test('what images, leases, snapshots and others need stays, the rest goes', async () => {
  const image = await pullImage(store.images, 'kept:1', ['base', 'top']);
  const low = await chain(null, 'low');
  const cached = await chain(low, 'cached');
  const leased = await chain(low, 'leased');
  const used = await chain(low, 'used');
  const lost = await chain(await chain(low, 'middle'), 'lost');
  const theirs = await store.content.put(Buffer.from('theirs'));
  const held = await store.content.put(Buffer.from('held'));
  const garbage = await store.content.put(Buffer.from('garbage'));
  others.chains.push(cached);
  others.blobs.push(theirs);
  await store.snapshots.prepare('container', used);
  using lease = store.leases.open();
  lease.keepChain(leased);
  lease.keepBlob(held);

  const first = await store.collectGarbage(now);
  assert.deepEqual([first.chains.length, first.chains[0]], [2, lost]);
  assert.deepEqual(new Set(await blobs()).has(garbage), false);
  for (const digest of [theirs, held]) assert(await store.content.sizeOf(digest));
  for (const kept of [low, cached, leased, used]) {
    assert(await store.snapshots.has(kept));
    await collect(store.snapshots.archive(kept), 1e6);
  }
  assert.equal((await store.images.resolve('kept:1')).id, image.id);
  await collect(store.images.source(image.id).blob(image.manifest.config, { offset: 0 }), 1e6);

  lease[Symbol.dispose]();
  others = { blobs: [], chains: [] };
  await store.snapshots.remove('container');
  await store.images.delete(image.id);
  const second = await store.collectGarbage(now);
  assert(second.freedBytes > 0);
  assert.deepEqual(await blobs(), []);
  assert.deepEqual(await store.snapshots.list(), []);
  await store.snapshots.settled();
  assert.deepEqual(readdirSync(join(folder, 'snapshots/layers')), []);
});

test('what was made or asked for lately stays until its time is over', async () => {
  const fresh = await chain(null, 'fresh');
  const blob = await store.content.put(Buffer.from('fresh'));
  assert.deepEqual((await store.collectGarbage({ graceMs: 60_000 })).chains, []);
  assert(await store.snapshots.has(fresh));
  assert(await store.content.sizeOf(blob));
});

test('it runs beside pulls, builds and deletions without taking anything from them', async () => {
  let isOver = false;
  async function collecting() {
    while (!isOver) {
      await store.collectGarbage({ graceMs: 1000 });
      await new Promise(setImmediate);
    }
  }
  async function working(worker: number) {
    for (let round = 0; round < 6; round++) {
      const name = `worker${worker}:${round}`;
      const pulled = await pullImage(store.images, name, ['base', `w${worker}`, `r${round}`]);
      const built = await buildImage(store, pulled.id, `file-${worker}-${round}`);
      assert.equal((await store.images.resolve(name)).id, pulled.id);
      await store.images.source(built).root();
      await store.images.untag(parseReference(name));
      if (round % 2 === 0) await store.images.delete(pulled.id).catch(() => {});
    }
  }
  const running = collecting();
  await Promise.all([working(1), working(2), working(3)]).finally(() => {
    isOver = true;
  });
  await running;
  for (const { id, chain: top } of await store.images.list()) {
    await store.images.source(id).root();
    assert(top && (await store.snapshots.has(top)));
    await collect(store.snapshots.archive(top), 1e6);
  }
});
