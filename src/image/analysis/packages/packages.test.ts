import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage, type SampleMember } from '../../../../test/contract/sample-layers.ts';
import { analyzeImage } from '../analyze-image.ts';

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

test('pip: the older forms, and what only looks like one', async () => {
  const text = 'Metadata-Version: 1.0\nName: six\nVersion: 1.16.0\nLicense: MIT\n';
  const found = await packagesOf({
    'a/six-1.16.0.egg-info/PKG-INFO': text,
    'b/six-1.16.0.egg-info': text,
    'c/six.egg-info/SOURCES.txt': text,
    'd/METADATA': text,
    'e/nameless.dist-info/METADATA': 'Version: 1\n',
    // Only the beginning of a long description is looked at.
    'f/long.dist-info/METADATA': `${text}\n${'x'.repeat(200_000)}`,
  });
  assert.deepEqual(
    found.map((line) => line.split(' ').at(-2)),
    ['/a/six-1.16.0.egg-info/PKG-INFO', '/b/six-1.16.0.egg-info', '/f/long.dist-info/METADATA'],
  );
});

test('dpkg: an image without a shell, its packages in a file each', async () => {
  const status = 'var/lib/dpkg/status.d';
  assert.deepEqual(
    await packagesOf({
      [`${status}/base-files`]: 'Package: base-files\nArchitecture: amd64\nVersion: 12.4\n',
      [`${status}/base-files.md5sums`]: 'd41d8cd98f00b204e9800998ecf8427e  etc/debian_version\n',
      [`${status}/libc6`]: 'Package: libc6\nVersion: 2.36-9\nInstalled-Size: 1\n',
    }),
    [
      `deb base-files 12.4 amd64 - - /${status}/base-files 0`,
      `deb libc6 2.36-9 - - 1024 /${status}/libc6 0`,
    ],
  );
});

test('apk: several, and the newer place', async () => {
  const text = 'P:a\nV:1-r0\n\nP:b\nV:2-r1\nA:noarch\n\nP:no version\n';
  assert.equal((await packagesOf({ 'usr/lib/apk/db/installed': text })).length, 2);
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
