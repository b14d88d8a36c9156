import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { openDatabase } from '../../store/index.ts';
import type { ContainerRecord } from './container-record.ts';
import { type ContainerTable, openContainerTable } from './container-table.ts';

const record = (id: string, name: string) =>
  ({ id, name, state: { kind: 'created' }, runs: 0 }) as ContainerRecord;

describe('the table of containers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-table-'));
  after(() => rmSync(folder, { recursive: true }));
  let table: ContainerTable;
  let count = 0;
  let path = '';
  const open = () => openContainerTable(openDatabase(path));
  beforeEach(() => {
    path = join(folder, `${count++}.db`);
    table = open();
    for (const [id, name] of [
      ['ab12', 'one'],
      ['ab34', 'two'],
      ['cd56', 'ab34x'],
    ] as const) {
      table.add(record(id, name));
    }
  });

  for (const [ref, id] of [
    ['ab12', 'ab12'],
    ['one', 'ab12'],
    ['/two', 'ab34'],
    ['c', 'cd56'],
    ['ab34', 'ab34'],
  ] as const) {
    it(`finds ${ref}`, () => assert.equal(table.find(ref).id, id));
  }
  it('refuses what is unknown or means several', () => {
    assert.throws(() => table.find('zz'), { kind: 'not-found', message: 'No such container: zz' });
    assert.throws(() => table.find('ab'), { kind: 'conflict', message: /Multiple IDs found/ });
    assert.throws(() => table.find(''), { kind: 'not-found' });
  });

  it('keeps everything over a restart', () => {
    table.change('ab12', { name: 'renamed', runs: 3 });
    table.apply('ab12', { kind: 'started', pid: 7, startedAtMs: 1 });
    table.delete('cd56');
    const again = open();
    assert.deepEqual(
      again
        .list()
        .map(({ id }) => id)
        .sort(),
      ['ab12', 'ab34'],
    );
    assert.deepEqual(again.find('renamed').state, { kind: 'running', pid: 7, startedAtMs: 1 });
    assert.throws(() => again.find('one'));
  });

  it('gives a name to one container at a time', () => {
    assert.throws(() => table.reserve('one', 'ff'), {
      kind: 'conflict',
      message: /"\/one" is already in use by container "ab12"/,
    });
    {
      using _held = table.reserve('new', 'ff');
      assert.throws(() => table.reserve('new', 'ee'), /by container "ff"/);
    }
    {
      using _held = table.reserve('new', 'ff');
      table.add(record('ff', 'new'));
    }
    assert.equal(table.find('new').id, 'ff');
    table.delete('ff');
    table.reserve('new', 'ee')[Symbol.dispose]();
    assert.ok(!table.isNameTaken('new'));
  });

  it('refuses changes that the state does not allow, and those of what is gone', () => {
    assert.throws(() => table.apply('ab12', { kind: 'paused' }), { kind: 'conflict' });
    assert.throws(() => table.change('gone', {}), { kind: 'not-found' });
  });
});
