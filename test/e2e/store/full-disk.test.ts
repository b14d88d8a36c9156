import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { collect, type Digest, digestOf } from '../../../src/core/index.ts';
import { mountOld, mountsBelow, unmount } from '../../../src/linux/index.ts';
import { openDatabase, openStore, type Store } from '../../../src/store/index.ts';
import { pullImage } from './sample-images.ts';
import { inChunks, plain, tarOf } from './workbench.ts';

const full = { kind: 'unavailable', message: /no space left on device/ };
let folder: string;
let store: Store;
let close: () => Promise<void>;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-full-'));
});
after(() => rmSync(folder, { recursive: true }));

async function open(): Promise<void> {
  const database = openDatabase(join(folder, 'store/berth.db'));
  store = await openStore({ rootPath: join(folder, 'store'), database });
  close = async () => {
    await store.snapshots.recover({ existing: new Set(), running: new Set() });
    await store[Symbol.asyncDispose]();
    database[Symbol.dispose]();
  };
}

beforeEach(async () => {
  await mountOld({ source: 'tmpfs', target: folder, type: 'tmpfs', data: 'size=24m' });
  await open();
});
afterEach(async () => {
  await close();
  for (const { path } of await mountsBelow(folder)) await unmount(path);
});

/** Leaves no more than so many bytes free. */
function fill(leaveBytes: number, name = 'ballast'): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, name), Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)));
}
const release = () => rmSync(join(folder, 'ballast'));

test('an upload stops with the reason, and goes on when there is space', async () => {
  fill(4 * 2 ** 20);
  const bytes = Buffer.alloc(10 * 2 ** 20, 'upload');
  async function write(): Promise<{ digest: Digest }> {
    await using upload = await store.content.ingest('one');
    for await (const chunk of inChunks(bytes.subarray(upload.offset))) await upload.write(chunk);
    return await upload.commit({ digest: digestOf(bytes) });
  }
  await assert.rejects(write(), full);
  await assert.rejects(write(), full);
  assert((await store.content.ingests())[0]!.offset > 1_000_000);
  release();
  const { digest } = await write();
  assert((await collect(store.content.open(digest), 1e9)).equals(bytes));
});

test('a layer, a copy or a context that does not fit leaves nothing behind', async () => {
  const image = await pullImage(store.images, 'there:1', ['base']);
  mkdirSync(join(folder, 'context'));
  mkdirSync(join(folder, 'source'));
  writeFileSync(join(folder, 'source/big'), Buffer.alloc(3 * 2 ** 20));
  const { upperPath } = await store.snapshots.prepare('c', null);
  fill(2 * 2 ** 20);
  const tar = await tarOf({ path: 'big', type: 'file', content: Buffer.alloc(3 * 2 ** 20) });
  await assert.rejects(store.snapshots.unpack(plain(tar)), full);
  await assert.rejects(store.trees.unpack(plain(tar), join(folder, 'context')), full);
  const copying = store.trees.copy({
    sourceRoot: join(folder, 'source'),
    items: [{ sourcePath: 'big', targetPath: '/big' }],
    targetRoot: upperPath,
    mayLink: false,
  });
  await assert.rejects(copying, full);
  await store.snapshots.settled();
  assert.deepEqual(readdirSync(join(folder, 'store/snapshots/staging')), []);
  assert.deepEqual(await store.content.ingests(), []);
  assert.equal((await store.images.resolve('there:1')).id, image.id);
  release();
  assert((await store.snapshots.unpack(plain(tar))).sizeBytes > 0);
});

test('a disk that is full to the last byte can still be cleared by deleting', async () => {
  const { id } = await pullImage(store.images, 'there:1', ['base', 'middle', 'top']);
  for (let round = 0; round < 8; round++) {
    try {
      writeFileSync(join(folder, `last-${round}`), Buffer.alloc(4096 * 2 ** (8 - round)));
    } catch {
      // Full, as it should be.
    }
  }
  // What was deleted a moment ago may still give room.
  const puttingMore = async () => {
    for (let round = 0; round < 100; round++) {
      fill(0, `ballast-${round}`);
      await store.content.put(Buffer.from(`more ${round}`));
    }
  };
  await assert.rejects(puttingMore(), full);
  const { deleted } = await store.images.delete(id);
  assert.equal(deleted.length, 4);
  const { freedBytes } = await store.collectGarbage({ graceMs: -1 });
  assert(freedBytes > 0);
  await close();
  await open();
  assert.deepEqual(await store.images.list(), []);
  await store.content.put(Buffer.from('one more'));
});
