import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { collect, type Digest, digestOf, parseDigest } from '../../core/index.ts';
import { type FileContentStore, openContentStore } from './file-content-store.ts';

const hello = Buffer.from('hello');
const helloDigest = digestOf(hello);
const helloSha512 = parseDigest(
  'sha512:9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043',
);

describe('content store', () => {
  let rootPath: string;
  let store: FileContentStore;
  let nowMs = Date.now();
  const reopen = () => openContentStore({ rootPath, staleUploadMs: 1000, now: () => nowMs });
  const uploads = () => readdirSync(join(rootPath, 'ingest'));
  const read = (digest: Digest, range?: { start?: number; end?: number }) =>
    collect(store.open(digest, range), 1e9);

  beforeEach(async () => {
    nowMs = Date.now();
    rootPath = mkdtempSync(join(tmpdir(), 'berth-content-'));
    store = await reopen();
  });
  afterEach(() => rmSync(rootPath, { recursive: true }));

  test('a small blob is put once and read whole or in part', async () => {
    assert.equal(await store.put(hello), helloDigest);
    assert.equal(await store.put(hello), helloDigest);
    assert.equal(await store.sizeOf(helloDigest), 5);
    assert.deepEqual(await read(helloDigest), hello);
    assert.equal(String(await read(helloDigest, { start: 1, end: 3 })), 'el');
    assert.equal(String(await read(helloDigest, { start: 3, end: 99 })), 'lo');
    assert.equal(String(await read(helloDigest, { start: 5 })), '');
    assert.deepEqual(uploads(), []);
  });

  test('an absent blob is unknown, to each question', async () => {
    const unknown = { kind: 'not-found', code: 'BLOB_UNKNOWN' };
    assert.equal(await store.sizeOf(helloDigest), undefined);
    await assert.rejects(read(helloDigest), unknown);
    assert.throws(() => store.pathOf(helloDigest), unknown);
    await store.delete(helloDigest);
  });

  test('an upload goes on over a restart, with its digest right', async () => {
    const bytes = Buffer.alloc(3_000_000, 'abcdefg');
    {
      await using upload = await store.ingest('pull-1');
      await upload.write(bytes.subarray(0, 1_500_001));
    }
    store = await reopen();
    assert.equal(await store.offsetOf('pull-1'), 1_500_001);
    assert.equal(await store.offsetOf('pull-2'), undefined);
    assert.equal(await store.offsetOf('../blobs'), undefined);
    assert.deepEqual(
      (await store.ingests()).map(({ id, offset }) => [id, offset]),
      [['pull-1', 1_500_001]],
    );
    await using upload = await store.ingest('pull-1');
    assert.equal(upload.offset, 1_500_001);
    for (let at = upload.offset; at < bytes.length; at += 1000) {
      await upload.write(bytes.subarray(at, at + 1000));
    }
    const expected = { digest: digestOf(bytes), sizeBytes: bytes.length };
    assert.deepEqual(await upload.commit(expected), expected);
    assert((await read(expected.digest)).equals(bytes));
    assert.deepEqual(await store.ingests(), []);
  });

  test('a wrong digest or size keeps nothing', async () => {
    for (const [expected, code] of [
      [{ digest: digestOf('other') }, 'DIGEST_INVALID'],
      [{ digest: helloDigest, sizeBytes: 6 }, 'SIZE_INVALID'],
    ] as const) {
      await using upload = await store.ingest('bad');
      await upload.write(hello);
      await assert.rejects(upload.commit(expected), { kind: 'invalid', code });
      assert.deepEqual(uploads(), []);
    }
    assert.equal(await store.sizeOf(helloDigest), undefined);
  });

  test('a sha512 digest is verified and kept under its own name', async () => {
    await using upload = await store.ingest('long');
    await upload.write(hello);
    await upload.commit({ digest: helloSha512 });
    assert.deepEqual(await read(helloSha512), hello);
    const listed = [];
    for await (const { digest, sizeBytes } of store.list()) listed.push([digest, sizeBytes]);
    assert.deepEqual(listed, [[helloSha512, 5]]);
  });

  test('one writer at a time, and a name that is safe', async () => {
    {
      await using _upload = await store.ingest('one');
      await assert.rejects(store.ingest('one'), { kind: 'conflict', code: 'UPLOAD_IN_USE' });
    }
    await using again = await store.ingest('one');
    await again.abort();
    for (const id of ['', '..', '../x', 'a/b', '.hidden', 'x'.repeat(200), 'a\0b']) {
      await assert.rejects(store.ingest(id), { kind: 'invalid' }, id);
    }
  });

  test('two uploads of one blob at once both succeed', async () => {
    await using a = await store.ingest('a');
    await using b = await store.ingest('b');
    await a.write(hello);
    await b.write(hello);
    await Promise.all([a.commit(), b.commit({ digest: helloDigest })]);
    assert.deepEqual(await read(helloDigest), hello);
    assert.deepEqual(uploads(), []);
  });

  test('a closed or aborted upload takes no more', async () => {
    const upload = await store.ingest('done');
    await upload.write(hello);
    await upload.abort();
    await assert.rejects(upload.write(hello), { kind: 'invalid' });
    assert.deepEqual(uploads(), []);
  });

  test('a restart drops what nobody will finish and keeps the rest', async () => {
    for (const id of ['old', 'young', 'put-crashed']) {
      await using upload = await store.ingest(id);
      await upload.write(hello);
    }
    utimesSync(join(rootPath, 'ingest/old'), nowMs / 1000 - 60, nowMs / 1000 - 60);
    store = await reopen();
    assert.deepEqual(uploads(), ['young']);
  });

  test('only what was not used lately is deleted as unused', async () => {
    await store.put(hello);
    assert.equal(store.deleteUnused(helloDigest, 10_000), undefined);
    nowMs += 20_000;
    await store.sizeOf(helloDigest);
    assert.equal(store.deleteUnused(helloDigest, 10_000), undefined);
    nowMs += 20_000;
    assert.equal(store.deleteUnused(helloDigest, 10_000), 5);
    assert.equal(store.deleteUnused(helloDigest, 10_000), undefined);
    assert.equal(await store.sizeOf(helloDigest), undefined);
  });

  test('a blob cut short behind our back is an error, not a short read', async () => {
    const bytes = Buffer.alloc(2_000_000, 1);
    const digest = await store.put(bytes);
    const stream = store.open(digest)[Symbol.asyncIterator]();
    await stream.next();
    truncateSync(store.pathOf(digest), 600_000);
    await assert.rejects(
      async () => {
        while (!(await stream.next()).done);
      },
      { kind: 'internal' },
    );
  });
});
