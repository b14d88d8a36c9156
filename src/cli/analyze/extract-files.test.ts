import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { layeredImage } from '../../../test/contract/sample-layers.ts';
import { analyzeImage } from '../../image/analysis/index.ts';
import { extractFiles } from './extract-files.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-extract-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

function newFolder(): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  return folder;
}

const image = await layeredImage(
  [
    {
      members: {
        'etc/': '',
        'etc/a': 'old',
        'etc/b': 'below',
        'etc/gone': 'x',
        'etc/dev': { type: 'fifo' },
      },
    },
    {
      members: {
        'etc/a': { text: 'new', mode: 0o755 },
        'etc/.wh.gone': 0,
        'etc/sub/evil\x1b[2J\n': 'name',
        'etc/link': { type: 'hardlink', linkTarget: 'etc/a' },
        'etc/other': { type: 'hardlink', linkTarget: '/etc/b' },
        'etc/again': { type: 'hardlink', linkTarget: 'etc/link' },
        'etc/out': { type: 'hardlink', linkTarget: '../../etc/passwd' },
        'etc/round': { type: 'hardlink', linkTarget: 'etc/round' },
        'etc/..data': 'dots',
        'etc/..sub/f': 'dots',
        'etc/sym': { type: 'symlink', linkTarget: '/etc/passwd' },
      },
    },
  ],
  'gzip',
);
const analysis = await analyzeImage(image);
const { final, tree } = analysis;

async function extract(path: string, folder: string) {
  return extractFiles(image, analysis, {
    path: tree.paths.find(path),
    nodeOf: (at) =>
      final.isSeen(at) ? { layer: final.layerAt[at]!, node: final.nodeAt[at]! } : undefined,
    folder,
  });
}

test('a file comes from the layer it is seen of, with its bit to run', async () => {
  const folder = newFolder();
  assert.deepEqual(await extract('etc/a', folder), { files: 1, sizeBytes: 3 });
  assert.equal(readFileSync(join(folder, 'etc/a'), 'utf8'), 'new');
  assert.equal(statSync(join(folder, 'etc/a')).mode & 0o777, 0o755);
});

test('a directory comes with the files of all layers, hard links as files, without links and devices, and links that lead nowhere', async () => {
  const folder = newFolder();
  assert.equal((await extract('etc', folder)).files, 7);
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  assert.deepEqual(found, [
    'etc',
    'etc/..data',
    'etc/..sub',
    'etc/..sub/f',
    'etc/a',
    'etc/again',
    'etc/b',
    'etc/link',
    'etc/sub',
    'etc/sub/evil\x1b[2J\n',
  ]);
  assert.equal(readFileSync(join(folder, 'etc/link'), 'utf8'), 'new');
  assert.equal(readFileSync(join(folder, 'etc/again'), 'utf8'), 'new');
  assert.equal(readFileSync(join(folder, 'etc/b'), 'utf8'), 'below');
});

test('what is there is not overwritten', async () => {
  const folder = newFolder();
  await extract('etc/b', folder);
  await assert.rejects(extract('etc', folder), { kind: 'invalid', message: /is there already$/ });
});

test('nothing is written through a link that leads away', async () => {
  const folder = newFolder();
  const away = newFolder();
  symlinkSync(away, join(folder, 'etc'));
  await assert.rejects(extract('etc/a', folder), { kind: 'invalid', message: /lies outside of/ });
  assert.deepEqual(readdirSync(away), []);
});

test('a name that begins with two dots is a name as any other', async () => {
  const folder = newFolder();
  mkdirSync(join(folder, '..work'));
  const inside = join(folder, '..work');
  await extract('etc/..data', inside);
  await extract('etc/..sub', inside);
  assert.equal(readFileSync(join(inside, 'etc/..data'), 'utf8'), 'dots');
  assert.equal(readFileSync(join(inside, 'etc/..sub/f'), 'utf8'), 'dots');
});
