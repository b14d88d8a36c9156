import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  buildRecordsContract,
  sampleRecord,
} from '../api/docker/buildkit/history/build-records-contract.ts';
import { type Database, openDatabase } from '../store/index.ts';
import { createBuildRecords } from './build-records.ts';

async function withDatabase(
  work: (database: Database, path: string) => void | Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-records-'));
  try {
    using database = openDatabase(join(folder, 'berth.db'));
    await work(database, join(folder, 'berth.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

buildRecordsContract('database', (work) =>
  withDatabase((database) => {
    using records = createBuildRecords(database, assert.fail);
    return work(records);
  }),
);

test('records are there after a restart, the newest hundred and the pinned ones', () =>
  withDatabase((database) => {
    {
      using records = createBuildRecords(database, assert.fail);
      records.put(sampleRecord('kept', 0), Buffer.from('log'));
      records.setPinned('kept', true);
      for (let at = 1; at <= 150; at++) records.put(sampleRecord(`r${at}`, at), Buffer.alloc(9));
    }
    using records = createBuildRecords(database, assert.fail);
    const refs = records.list().map(({ ref }) => ref);
    assert.equal(refs.length, 101);
    assert.deepEqual(refs.slice(0, 2), ['kept', 'r51']);
    assert.equal(String(records.log('kept')), 'log');
    assert.deepEqual(records.get('r150'), sampleRecord('r150', 150));
  }));

test('what cannot be written is told and ends nothing', () =>
  withDatabase((database) => {
    const faults: string[] = [];
    using records = createBuildRecords(database, (message) => faults.push(message));
    database.sqlite.exec('DROP TABLE build_history');
    records.put(sampleRecord('a', 1), Buffer.alloc(0));
    records[Symbol.dispose]();
    assert.match(faults.join(), /^write build history: no such table/);
  }));
