import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { layeredImage, type SampleMember } from '../../../../test/contract/sample-layers.ts';
import { analyzeImage } from '../analyze-image.ts';
import { readRpmHeader } from './rpm.ts';

async function packagesOf(...layers: Record<string, SampleMember>[]) {
  const image = await layeredImage(layers.map((members) => ({ members })));
  const { inventory } = await analyzeImage(image);
  return inventory.packages.map(
    ({ kind, name, version, architecture, license, sizeBytes, path, layer }) =>
      `${kind} ${name} ${version} ${architecture ?? '-'} ${license ?? '-'} ${sizeBytes ?? '-'} ${path} ${layer}`,
  );
}

const dpkg = `Package: bash
Status: install ok installed
Installed-Size: 10
Architecture: amd64
Version: 5.2-1
Description: a shell
 Package: not this

Package: gone
Status: deinstall ok config-files
Version: 1

Package: bad name
Status: install ok installed
Version: 1
`;

test('dpkg: what is installed, of the last status alone', async () => {
  assert.deepEqual(
    await packagesOf(
      { 'var/lib/dpkg/status': 'Package: old\nVersion: 1\n' },
      {
        'var/lib/dpkg/status': dpkg,
        'var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nVersion: 2025a\n',
      },
    ),
    [
      'deb bash 5.2-1 amd64 - 10240 /var/lib/dpkg/status 1',
      'deb tzdata 2025a - - - /var/lib/dpkg/status.d/tzdata 1',
    ],
  );
});

test('apk', async () => {
  const text = 'C:Q1x\nP:musl\nV:1.2.5-r0\nA:x86_64\nI:1024\nL:MIT\nF:lib\nR:ld\n\nP:x\n';
  assert.deepEqual(await packagesOf({ 'lib/apk/db/installed': text }), [
    'apk musl 1.2.5-r0 x86_64 MIT 1024 /lib/apk/db/installed 0',
  ]);
});

test('pip: metadata, and the size its record sums up to', async () => {
  const folder = 'usr/lib/python3/site-packages/requests-2.32.dist-info';
  assert.deepEqual(
    await packagesOf({
      [`${folder}/METADATA`]:
        'Metadata-Version: 2.1\r\nName: requests\r\nVersion: 2.32\r\n\r\nName: not this\r\n',
      [`${folder}/RECORD`]: 'requests/a.py,sha256=x,100\n"a,b",sha256=y,20\nc,,\n',
    }),
    [`pypi requests 2.32 - - 120 /${folder}/METADATA 0`],
  );
});

test('npm: packages of node_modules with their own bytes, nested ones apart', async () => {
  const json = (name: string) => JSON.stringify({ name, version: '1.0.0', license: 'MIT' });
  const a = json('a');
  const b = json('@s/b');
  assert.deepEqual(
    await packagesOf({
      'app/package.json': json('app'),
      'app/node_modules/a/package.json': a,
      'app/node_modules/a/lib/index.js': 100,
      'app/node_modules/a/test/package.json': json('fixture'),
      'app/node_modules/a/node_modules/@s/b/package.json': b,
      'app/node_modules/broken/package.json': '{',
    }),
    [
      `npm a 1.0.0 - MIT ${a.length + 100 + json('fixture').length} /app/node_modules/a/package.json 0`,
      `npm @s/b 1.0.0 - MIT ${b.length} /app/node_modules/a/node_modules/@s/b/package.json 0`,
    ],
  );
});

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

test('rpm: headers in its SQLite database', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-test-'));
  const path = join(folder, 'db');
  const database = new DatabaseSync(path);
  database.exec(
    'PRAGMA journal_mode=WAL; CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)',
  );
  const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
  insert.run(rpmHeader(bashHeader));
  insert.run(rpmHeader({ ...bashHeader, 1000: 'gpg-pubkey' }));
  insert.run(Buffer.from('junk'));
  database.close();
  const bytes = readFileSync(path);
  rmSync(folder, { recursive: true });
  assert.deepEqual(await packagesOf({ 'var/lib/rpm/rpmdb.sqlite': { text: bytes } }), [
    'rpm bash 2:5.2-1.fc40 x86_64 GPLv3+ 8000 /var/lib/rpm/rpmdb.sqlite 0',
  ]);
});

test('rpm: what is no database holds no packages, and no cut of a header does harm', async () => {
  assert.deepEqual(
    await packagesOf({ 'var/lib/rpm/rpmdb.sqlite': 'SQLite format 3\0 or not' }),
    [],
  );
  const header = rpmHeader(bashHeader);
  for (let cut = 0; cut < header.length; cut++) readRpmHeader(header.subarray(0, cut));
  for (let at = 0; at < header.length; at++) {
    const damaged = Buffer.from(header);
    damaged[at] = 0xff;
    readRpmHeader(damaged);
  }
});
