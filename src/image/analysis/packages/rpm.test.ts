import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { layeredImage } from '../../../../test/contract/sample-layers.ts';
import { analyzeImage } from '../analyze-image.ts';
import { readRpmDatabase } from './rpm.ts';
import { readRpmHeader } from './rpm-header.ts';

/** A header as rpm keeps it: tag, type, offset and count of each value, and the values. */
function rpmHeader(values: Record<number, string | number>): Buffer {
  const index: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [tag, value] of Object.entries(values)) {
    const bytes = typeof value === 'string' ? Buffer.from(`${value}\0`) : Buffer.alloc(4);
    if (typeof value === 'number') bytes.writeUInt32BE(value);
    const entry = Buffer.alloc(16);
    entry.writeUInt32BE(Number(tag), 0);
    entry.writeUInt32BE(typeof value === 'string' ? 6 : 4, 4);
    entry.writeUInt32BE(offset, 8);
    entry.writeUInt32BE(1, 12);
    index.push(entry);
    data.push(bytes);
    offset += bytes.length;
  }
  const counts = Buffer.alloc(8);
  counts.writeUInt32BE(index.length, 0);
  counts.writeUInt32BE(offset, 4);
  return Buffer.concat([counts, ...index, ...data]);
}

const bashHeader = {
  1000: 'bash',
  1001: '5.2',
  1002: '1.fc40',
  1003: 2,
  1009: 8000,
  1014: 'GPLv3+',
  1022: 'x86_64',
};

const plainTable = 'CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)';

function sqliteDatabase(schema = plainTable): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'berth-test-'));
  const path = join(folder, 'db');
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode=WAL; ${schema}`);
  if (schema === plainTable) {
    const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
    insert.run(rpmHeader(bashHeader));
    insert.run(rpmHeader({ ...bashHeader, 1000: 'gpg-pubkey' }));
    insert.run(Buffer.from('junk'));
  }
  database.close();
  const bytes = readFileSync(path);
  rmSync(folder, { recursive: true });
  return bytes;
}

/** A page of slots, of which the third is free, and two headers in blocks behind it. */
function ndbDatabase(): Buffer {
  const slots = Buffer.alloc(4096);
  for (let at = 32; at < slots.length; at += 16) slots.write('Slot', at);
  slots.write('RpmP', 0);
  slots.writeUInt32LE(1, 12);
  const blobs: Buffer[] = [];
  let block = 4096 / 16;
  for (const [number, name] of [
    [1, 'bash'],
    [3, 'coreutils'],
  ] as const) {
    const header = rpmHeader({ ...bashHeader, 1000: name });
    const blob = Buffer.alloc(Math.ceil((16 + header.length + 12) / 16) * 16);
    blob.write('BlbS', 0);
    blob.writeUInt32LE(number, 4);
    blob.writeUInt32LE(header.length, 12);
    header.copy(blob, 16);
    const slot = 16 + number * 16;
    slots.writeUInt32LE(number, slot + 4);
    slots.writeUInt32LE(block, slot + 8);
    slots.writeUInt32LE(blob.length / 16, slot + 12);
    blobs.push(blob);
    block += blob.length / 16;
  }
  return Buffer.concat([slots, ...blobs]);
}

/** Written by Berkeley DB 5.3, with the headers of two packages that rpm 4.18 installed. */
const berkeleyDatabase = gunzipSync(
  readFileSync(join(import.meta.dirname, 'testdata/berkeley-packages.gz')),
);

const databases: [name: string, path: string, bytes: Buffer, packages: string[]][] = [
  [
    'SQLite',
    'var/lib/rpm/rpmdb.sqlite',
    sqliteDatabase(),
    ['bash 2:5.2-1.fc40 x86_64 GPLv3+ 8000'],
  ],
  [
    'Berkeley DB',
    'var/lib/rpm/Packages',
    berkeleyDatabase,
    ['hello 1:1.2-3 noarch MIT 1000', 'world 1:1.2-3 noarch MIT 1000'],
  ],
  [
    'ndb',
    'usr/lib/sysimage/rpm/Packages.db',
    ndbDatabase(),
    ['bash 2:5.2-1.fc40 x86_64 GPLv3+ 8000', 'coreutils 2:5.2-1.fc40 x86_64 GPLv3+ 8000'],
  ],
];

async function inventoryOf(path: string, bytes: Buffer | string) {
  const image = await layeredImage([{ members: { [path]: { text: bytes } } }]);
  return (await analyzeImage(image)).inventory;
}

for (const [name, path, bytes, expected] of databases) {
  test(`rpm: headers in ${name}`, async () => {
    const { packages, unread } = await inventoryOf(path, bytes);
    assert.deepEqual(
      packages.map((one) =>
        [one.name, one.version, one.architecture, one.license, one.sizeBytes].join(' '),
      ),
      expected,
    );
    assert.deepEqual(unread, []);
  });

  test(`rpm: ${name} that is cut or damaged is never the end of it`, () => {
    // Reading SQLite goes through a file each time.
    const step = name === 'SQLite' ? 499 : 7;
    for (let at = 0; at < bytes.length; at += step) {
      readRpmDatabase(bytes.subarray(0, at));
      for (const value of [0, 0xff, 0x80]) {
        const damaged = Buffer.from(bytes);
        damaged.fill(value, at, at + 4);
        readRpmDatabase(damaged);
      }
    }
  });
}

const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)';
for (const schema of [
  `CREATE VIEW Packages AS ${endless} SELECT zeroblob(1000000000) AS blob FROM n`,
  'CREATE TABLE Packages (hnum INTEGER, blob BLOB AS (zeroblob(1000000000))); INSERT INTO Packages VALUES (1)',
  'CREATE TABLE Other (blob BLOB)',
]) {
  test(`rpm: not run: ${schema.slice(0, 40)}`, () =>
    assert.equal(readRpmDatabase(sqliteDatabase(schema)), undefined));
}

for (const bytes of ['', 'text', 'SQLite format 3\0 or not', ndbDatabase().subarray(0, 4100)]) {
  test(`rpm: a database that cannot be read is told of (${bytes.length} bytes)`, async () => {
    const { packages, unread } = await inventoryOf('var/lib/rpm/Packages', bytes);
    assert.deepEqual(packages, []);
    const told = bytes.length === 0 ? [] : [{ path: '/var/lib/rpm/Packages', layer: 0 }];
    assert.deepEqual(unread, told);
  });
}

test('rpm: no cut of a header and no byte of it does harm', () => {
  const header = rpmHeader(bashHeader);
  for (let cut = 0; cut < header.length; cut++) readRpmHeader(header.subarray(0, cut));
  for (let at = 0; at < header.length; at++) {
    const damaged = Buffer.from(header);
    damaged[at] = 0xff;
    readRpmHeader(damaged);
  }
});
