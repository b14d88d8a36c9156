import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDatabase } from './database.ts';
import { openReserve } from './reserve.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-database-'));
after(() => rmSync(folder, { recursive: true }));

const names = (path: string) => {
  using database = openDatabase(path);
  return database.sqlite.prepare('SELECT name FROM things ORDER BY name').all();
};

test('migrations run once, new ones when they come, each domain for itself', () => {
  const path = join(folder, 'deep/er/berth.db');
  const first = 'CREATE TABLE things (name TEXT) STRICT';
  const second = "INSERT INTO things VALUES ('second')";
  for (const migrations of [[first], [first], [first, second], [first, second]]) {
    using database = openDatabase(path);
    database.migrate('a', migrations);
    database.migrate('b', ['CREATE TABLE others (name TEXT) STRICT']);
  }
  assert.deepEqual(names(path), [{ __proto__: null, name: 'second' }]);
});

test('a migration that fails leaves nothing of itself', () => {
  const path = join(folder, 'failing.db');
  {
    using database = openDatabase(path);
    const migrations = ['CREATE TABLE things (name TEXT) STRICT', 'CREATE NONSENSE'];
    assert.throws(() => database.migrate('a', migrations));
  }
  using database = openDatabase(path);
  assert.throws(() => database.sqlite.prepare('SELECT * FROM things'), /no such table/);
});

test('a transaction is whole or nothing, nested ones are part of it', () => {
  const path = join(folder, 'transactions.db');
  {
    using database = openDatabase(path);
    database.migrate('a', ['CREATE TABLE things (name TEXT) STRICT']);
    const insert = (name: string) =>
      database.transaction(() =>
        database.sqlite.prepare('INSERT INTO things VALUES (?)').run(name),
      );
    assert.throws(() =>
      database.transaction(() => {
        insert('lost');
        throw new Error('no');
      }),
    );
    assert.equal(
      database.transaction(() => insert('kept').changes),
      1,
    );
  }
  assert.deepEqual(names(path), [{ __proto__: null, name: 'kept' }]);
});

test('a file that is no database is an error that names it', () => {
  const path = join(folder, 'damaged.db');
  writeFileSync(path, 'this is not a database, and it is long enough to be read as one'.repeat(50));
  assert.throws(() => openDatabase(path), { kind: 'internal', message: /damaged\.db/ });
});

test('the reserve is given up once, and kept again after the next start', () => {
  const path = join(folder, 'reserve');
  const reserve = openReserve(path);
  const { size } = statSync(path);
  assert(size > 1_000_000);
  assert.equal(reserve.giveUp(), true);
  assert.equal(existsSync(path), false);
  assert.equal(reserve.giveUp(), false);
  openReserve(path);
  assert.equal(statSync(path).size, size);
});
