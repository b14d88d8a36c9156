import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createFakeTrees } from '../testing/fake-trees.ts';
import { type CacheMountRequest, createCacheMounts } from './cache-mounts.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cache-mounts-'));
  swept = [];
});
afterEach(() => rmSync(root, { recursive: true }));

const openMounts = () =>
  createCacheMounts({
    ...{ root, trees: createFakeTrees() },
    sweep: (work) => void swept.push(work),
  });
let swept: Promise<void>[] = [];

const never = new AbortController().signal;
const request = (more: Partial<CacheMountRequest> = {}): CacheMountRequest => ({
  id: 'pip',
  description: 'pip cache',
  sharing: 'shared',
  fill: async () => {},
  signal: never,
  ...more,
});

test('a shared mount is one folder for all, filled once and kept', async () => {
  const mounts = openMounts();
  let fills = 0;
  const fill = async (folder: string) => {
    fills++;
    writeFileSync(join(folder, 'seed'), '');
  };
  const [a, b] = await Promise.all([
    mounts.acquire(request({ fill })),
    mounts.acquire(request({ fill })),
  ]);
  assert.equal(a.folder, b.folder);
  assert.deepEqual(readdirSync(a.folder), ['seed']);
  a[Symbol.dispose]();
  b[Symbol.dispose]();
  using again = await openMounts().acquire(request({ fill }));
  assert.equal(again.folder, a.folder);
  assert.equal(fills, 1);
  using other = await mounts.acquire(request({ id: 'npm' }));
  assert.notEqual(other.folder, a.folder);
});

test('a private mount is another folder while the first is in use', async () => {
  const mounts = openMounts();
  const a = await mounts.acquire(request({ sharing: 'private' }));
  const b = await mounts.acquire(request({ sharing: 'private' }));
  assert.notEqual(a.folder, b.folder);
  a[Symbol.dispose]();
  a[Symbol.dispose]();
  using c = await mounts.acquire(request({ sharing: 'private' }));
  assert.equal(c.folder, a.folder);
  b[Symbol.dispose]();
});

test('a locked mount is had one after the other; who gives up does not block', async () => {
  const mounts = openMounts();
  const locked = request({ sharing: 'locked' });
  const order: string[] = [];
  const a = await mounts.acquire(locked);
  const giveUp = new AbortController();
  const b = mounts.acquire({ ...locked, signal: giveUp.signal });
  const c = mounts.acquire(locked).then((lease) => {
    order.push('c');
    return lease;
  });
  giveUp.abort(new Error('gave up'));
  await assert.rejects(b, /gave up/);
  order.push('a');
  a[Symbol.dispose]();
  (await c)[Symbol.dispose]();
  assert.deepEqual(order, ['a', 'c']);
});

test('a folder whose filling failed or was cut is made again', async () => {
  const mounts = openMounts();
  const broken = request({
    fill: async (folder) => {
      mkdirSync(join(folder, 'half'));
      throw new Error('disk full');
    },
  });
  await assert.rejects(mounts.acquire(broken), /disk full/);
  using lease = await mounts.acquire(request());
  assert.deepEqual(readdirSync(lease.folder), []);
});

test('a folder in use cannot be removed', async () => {
  const mounts = openMounts();
  const lease = await mounts.acquire(request());
  const [folder] = await mounts.list();
  assert.equal(folder?.inUse, true);
  assert.equal(folder?.description, 'pip cache');
  writeFileSync(join(lease.folder, 'big'), Buffer.alloc(5000));
  assert.equal((await mounts.list())[0]?.sizeBytes, 5000);
  assert.equal(await mounts.remove(folder!.name), false);
  lease[Symbol.dispose]();
  assert.equal(await mounts.remove(folder!.name), true);
  assert.deepEqual(await mounts.list(), []);
});

test('what a crash left half-filled or half-removed goes at the next start', async () => {
  const mounts = openMounts();
  (await mounts.acquire(request()))[Symbol.dispose]();
  const [whole] = readdirSync(root);
  const half = await mounts.acquire(request({ id: 'npm' }));
  half[Symbol.dispose]();
  rmSync(join(half.folder, '../mount.json'));
  writeFileSync(join(half.folder, 'left'), '');
  const again = openMounts();
  using used = await again.acquire(request({ id: 'npm' }));
  await Promise.all(swept);
  assert.equal(swept.length, 1);
  assert.deepEqual(readdirSync(used.folder), []);
  assert.equal(readdirSync(root).includes(whole!), true);
});
