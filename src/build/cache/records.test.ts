import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../core/index.ts';
import { openDatabase } from '../../store/index.ts';
import { createMemoryRecords } from './memory-records.ts';
import type { CacheRecord, CacheRecords } from './records.ts';
import { createSqliteRecords } from './sqlite-records.ts';

function record(name: string, more: Partial<CacheRecord> = {}): CacheRecord {
  return {
    key: digestOf(name),
    chain: digestOf(`chain ${name}`),
    identity: 'identity',
    sizeBytes: 5,
    description: `RUN ${name}`,
    site: 'site',
    parentKey: undefined,
    inputs: { files: digestOf(`files ${name}`), command: 'x' },
    createdAtMs: 1,
    usedAtMs: 1,
    uses: 0,
    ...more,
  };
}

/** What any implementation of CacheRecords must do. */
function contract(open: () => { records: CacheRecords; close(): void }): void {
  const withRecords = (work: (records: CacheRecords) => void) => {
    const { records, close } = open();
    try {
      work(records);
    } finally {
      close();
    }
  };

  test('what was put is there at once, and replaced by key', () =>
    withRecords((records) => {
      const a = record('a', { parentKey: digestOf('p') });
      records.put(a);
      assert.deepEqual(records.get(a.key), a);
      records.put({ ...a, sizeBytes: 9 });
      assert.equal(records.get(a.key)?.sizeBytes, 9);
      assert.equal(records.list().length, 1);
      assert.equal(records.names(a.chain), true);
      assert.equal(records.names(digestOf('none')), false);
      assert.equal(records.get(digestOf('none')), undefined);
    }));

  test('use is counted and its time never goes back', () =>
    withRecords((records) => {
      const a = record('a', { usedAtMs: 10 });
      records.put(a);
      records.touch(a.key, 20);
      records.touch(a.key, 15);
      records.touch(digestOf('none'), 15);
      assert.equal(records.get(a.key)?.usedAtMs, 20);
      assert.equal(records.get(a.key)?.uses, 2);
    }));

  test('records of a site come newest first', () =>
    withRecords((records) => {
      records.put(record('a', { createdAtMs: 1 }));
      records.put(record('b', { createdAtMs: 3 }));
      records.put(record('c', { createdAtMs: 2 }));
      records.put(record('d', { createdAtMs: 9, site: 'elsewhere' }));
      const names = records.atSite('site', 2).map(({ description }) => description);
      assert.deepEqual(names, ['RUN b', 'RUN c']);
    }));

  test('with a record go its aliases and the details nobody else names', () =>
    withRecords((records) => {
      const shared = digestOf('shared');
      const own = digestOf('own');
      const a = record('a', { inputs: { files: shared, more: own } });
      const b = record('b', { inputs: { files: shared } });
      records.put(
        a,
        new Map([
          [shared, 'shared text'],
          [own, 'own text'],
        ]),
      );
      records.put(b, new Map([[shared, 'shared text']]));
      records.alias(digestOf('quick'), a.key);
      assert.equal(records.resolveAlias(digestOf('quick')), a.key);
      assert.equal(records.detail(own), 'own text');
      records.delete(a.key);
      assert.equal(records.get(a.key), undefined);
      assert.equal(records.resolveAlias(digestOf('quick')), undefined);
      assert.equal(records.detail(own), undefined);
      assert.equal(records.detail(shared), 'shared text');
    }));

  test('a copy is known by its content, as long as its record', () =>
    withRecords((records) => {
      const [a, b] = [record('a'), record('b')];
      const content = digestOf('content');
      for (const { key } of [a, b]) records.putCopy(content, { key, surroundings: ['x'] });
      records.flush();
      assert.deepEqual(records.copyOf(content), { key: b.key, surroundings: ['x'] });
      assert.equal(records.copyOf(digestOf('other')), undefined);
      records.delete(a.key);
      assert.ok(records.copyOf(content));
      records.delete(b.key);
      assert.equal(records.copyOf(content), undefined);
    }));

  test('notes are kept by name', () =>
    withRecords((records) => {
      records.putNote('etag https://x', '"1"');
      records.putNote('etag https://x', '"2"');
      assert.equal(records.note('etag https://x'), '"2"');
      assert.equal(records.note('other'), undefined);
    }));
}

contract(() => ({ records: createMemoryRecords(), close: () => {} }));

contract(() => {
  const folder = mkdtempSync(join(tmpdir(), 'records-'));
  const database = openDatabase(join(folder, 'berth.db'));
  const records = createSqliteRecords(database);
  return {
    records,
    close() {
      records[Symbol.dispose]();
      database[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
});

test('records in the database outlive the process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'records-'));
  const path = join(folder, 'berth.db');
  const a = record('a');
  {
    using database = openDatabase(path);
    using records = createSqliteRecords(database);
    records.put(a, new Map([[digestOf('files a'), 'listing']]));
    records.alias(digestOf('quick'), a.key);
  }
  using database = openDatabase(path);
  using records = createSqliteRecords(database);
  assert.deepEqual(records.get(a.key), a);
  assert.equal(records.resolveAlias(digestOf('quick')), a.key);
  assert.equal(records.detail(digestOf('files a')), 'listing');
  rmSync(folder, { recursive: true });
});

test('a disk that takes no writes ends nothing: reads go on, and what waits is written later', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'records-'));
  using database = openDatabase(join(folder, 'berth.db'));
  let isFull = false;
  using records = createSqliteRecords({
    ...database,
    transaction(work) {
      if (isFull) throw new Error('no space left on device');
      return database.transaction(work);
    },
  });
  const [a, b] = [record('a'), record('b')];
  records.put(a);
  records.flush();
  isFull = true;
  const alive = setInterval(() => {}, 1000);
  const warned = once(process, 'warning');
  records.put(b);
  const [warning] = await warned;
  clearInterval(alive);
  assert.match(warning.message, /write build cache: no space left on device/);
  records.touch(a.key, 7);
  assert.equal(records.names(b.chain), true);
  assert.deepEqual(
    records.list().map(({ key, usedAtMs }) => [key, usedAtMs]),
    [
      [b.key, 1],
      [a.key, 7],
    ],
  );
  isFull = false;
  records.delete(a.key);
  records.flush();
  assert.deepEqual(records.list(), [b]);
  rmSync(folder, { recursive: true });
});
