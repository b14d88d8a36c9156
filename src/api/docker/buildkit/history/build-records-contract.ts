import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildRecord, BuildRecords } from './build-record.ts';

/** A record of this name, made in this order. */
export const sampleRecord = (ref: string, createdAtMs: number): BuildRecord => ({
  ...{ ref, createdAtMs, completedAtMs: createdAtMs + 5, frontend: 'dockerfile.v0' },
  attributes: { 'build-arg:A': 'ü', target: '' },
  exporters: [{ type: 'moby', attributes: { name: 'a:1' } }],
  failure: { code: 2, message: 'no', status: 'AAEC' },
  response: { 'image.name': 'a:1' },
  steps: { total: 3, cached: 2, completed: 1, warnings: 0 },
  pinned: false,
});

/** What every `BuildRecords` must do; `open` gives fresh, empty ones for each test. */
export function buildRecordsContract(
  name: string,
  open: (work: (records: BuildRecords) => void | Promise<void>) => Promise<void>,
): void {
  test(`${name}: records are put, replaced, listed by age and deleted`, () =>
    open((records) => {
      assert.deepEqual(records.list(), []);
      records.put(sampleRecord('b', 2), Buffer.from('log of b'));
      records.put(sampleRecord('c', 3), Buffer.alloc(0));
      assert.deepEqual(records.get('b'), sampleRecord('b', 2));
      assert.equal(String(records.log('b')), 'log of b');
      assert.equal(records.log('c')?.length, 0);
      records.put(sampleRecord('c', 4), Buffer.from('again'));
      assert.deepEqual(
        records.list().map(({ ref, createdAtMs }) => [ref, createdAtMs]),
        [
          ['b', 2],
          ['c', 4],
        ],
      );
      assert.equal(records.delete('b'), true);
      assert.equal(records.delete('b'), false);
      assert.equal(records.get('b'), undefined);
      assert.equal(records.log('b'), undefined);
      assert.equal(String(records.log('c')), 'again');
    }));

  test(`${name}: a record is pinned and let go`, () =>
    open((records) => {
      records.put(sampleRecord('a', 1), Buffer.alloc(0));
      assert.equal(records.setPinned('a', true), true);
      assert.equal(records.get('a')?.pinned, true);
      assert.equal(records.setPinned('a', false), true);
      assert.equal(records.list()[0]?.pinned, false);
      assert.equal(records.setPinned('none', true), false);
    }));
}
