import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { digestOf, type FileEntry, fileTypes, type ListedFiles } from '../../core/index.ts';
import { createWorkerPool } from '../threads/worker-pool.ts';

import { createTrees } from './store-trees.ts';

const pool = createWorkerPool();
after(() => pool[Symbol.asyncDispose]());
const trees = createTrees({
  pool,
  snapshots: { withUpper: async (_path, work) => work(undefined) },
});

interface Listed {
  readonly path: string;
  readonly type?: FileEntry['type'];
  readonly mode?: number;
  readonly link?: string;
  readonly text?: string;
  readonly action: number;
}
const actions = { keep: 0, make: 1, dress: 2, move: 3, link: 4 };
const mtimeNs = 1_234_567_890_123_456_789n;

function listing(files: readonly Listed[]): ListedFiles {
  return {
    paths: files.map(({ path }) => path),
    types: Uint8Array.from(files, ({ type = 'file' }) => fileTypes.indexOf(type)),
    modes: Uint16Array.from(files, ({ mode = 0o644 }) => mode),
    uids: new Uint32Array(files.length),
    gids: new Uint32Array(files.length),
    sizes: Float64Array.from(files, ({ text = '' }) => text.length),
    mtimesNs: new BigInt64Array(files.length).fill(mtimeNs),
    links: new Map(files.flatMap(({ link }, n) => (link === undefined ? [] : [[n, link]]))),
    devices: new Map(),
    xattrs: new Map(
      files.flatMap(({ text }, n) =>
        text === 'marked' ? [[n, new Map([['user.note', Buffer.from('x')]])]] : [],
      ),
    ),
  };
}

function folders(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'update-'));
  t.after(() => rmSync(root, { recursive: true }));
  const made = ['directory', 'staging', 'base'].map((name) => join(root, name));
  for (const folder of made) mkdirSync(folder);
  const [directory, staging, base] = made as [string, string, string];
  return { directory, staging, base };
}

async function receive(files: readonly Listed[], staging: string, pieceBytes = 1e9) {
  const listed = listing(files);
  const wanted = files.flatMap(({ action }, n) => (action === actions.move ? [n] : []));
  async function* pieces() {
    for (const number of wanted) {
      const bytes = Buffer.from(files[number]!.text ?? '');
      const count = Math.max(1, Math.ceil(bytes.length / pieceBytes));
      for (let i = 0; i < count; i++) {
        const part = bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes);
        yield [{ number, bytes: part, isLast: i === count - 1 }];
      }
    }
  }
  const digests = await trees.receive({
    ...{ staging, listed, pieces: pieces(), mostBytes: 1e7 },
    wanted: Uint32Array.from(wanted),
  });
  for (const [place, number] of wanted.entries()) {
    const hex = Buffer.from(digests.subarray(place * 32, place * 32 + 32)).toString('hex');
    assert.equal(`sha256:${hex}`, digestOf(files[number]!.text ?? ''));
  }
  return listed;
}

test('contents come, and a tree is made of them, in place and on a thread', async (t) => {
  for (const count of [3, 300]) {
    const { directory, staging } = folders(t);
    const many = Array.from({ length: count }, (_, n) => ({
      path: `d/f${n + 1000}`,
      text: `content ${n} `.repeat(n),
      action: actions.move,
    }));
    const files: Listed[] = [
      { path: 'd', type: 'directory', mode: 0o2750, action: actions.make },
      ...many,
      { path: 'd/last', type: 'symlink', link: '../else/where', action: actions.make },
      { path: 'e', mode: 0o4755, text: 'marked', action: actions.move },
      { path: 'f', type: 'fifo', mode: 0o600, action: actions.make },
      { path: 'g', link: 'e', action: actions.make },
    ];
    const listed = await receive(files, staging, 100);
    await trees.update({
      ...{ directory, staging, listed, removed: [] },
      actions: Uint8Array.from(files, ({ action }) => action),
    });
    assert.deepEqual(readdirSync(staging), []);
    assert.equal(readdirSync(join(directory, 'd')).length, count + 1);
    assert.equal(readFileSync(join(directory, 'd/f1002'), 'utf8'), 'content 2 content 2 ');
    assert.equal(readlinkSync(join(directory, 'd/last')), '../else/where');
    assert.equal(lstatSync(join(directory, 'd')).mode & 0o7777, 0o2750);
    assert.equal(lstatSync(join(directory, 'e')).mode & 0o7777, 0o4755);
    assert.equal(lstatSync(join(directory, 'g')).ino, lstatSync(join(directory, 'e')).ino);
    assert.ok(lstatSync(join(directory, 'f')).isFIFO());
    for (const path of ['d', 'd/f1001', 'd/last', 'e', 'f']) {
      assert.equal(lstatSync(join(directory, path), { bigint: true }).mtimeNs, mtimeNs, path);
    }
  }
});

test('files are replaced, never changed; times of their directories stay as listed', async (t) => {
  const { directory, staging } = folders(t);
  mkdirSync(join(directory, 'd/gone'), { recursive: true });
  for (const path of ['d/a', 'd/gone/x', 'kept']) writeFileSync(join(directory, path), 'old');
  const before = lstatSync(join(directory, 'd/a')).ino;
  const files: Listed[] = [
    { path: 'd', type: 'directory', mode: 0o755, action: actions.keep },
    { path: 'd/a', text: 'new', action: actions.move },
    { path: 'd/gone', text: 'a file', action: actions.move },
    { path: 'kept', action: actions.keep },
  ];
  const listed = await receive(files, staging);
  await trees.update({
    ...{ directory, staging, listed, removed: ['d/gone/x', 'd/gone'] },
    actions: Uint8Array.from(files, ({ action }) => action),
  });
  assert.notEqual(lstatSync(join(directory, 'd/a')).ino, before);
  assert.equal(readFileSync(join(directory, 'd/gone'), 'utf8'), 'a file');
  assert.equal(readFileSync(join(directory, 'kept'), 'utf8'), 'old');
  assert.equal(lstatSync(join(directory, 'd'), { bigint: true }).mtimeNs, mtimeNs);
});

test('a link that stands in the way is not followed', async (t) => {
  const { directory, staging, base } = folders(t);
  symlinkSync(base, join(directory, 'd'));
  const files: Listed[] = [
    { path: 'd', type: 'directory', action: actions.keep },
    { path: 'd/a', text: 'new', action: actions.move },
  ];
  const listed = await receive(files, staging);
  const update = (removed: string[]) =>
    trees.update({
      ...{ directory, staging, listed, removed },
      actions: Uint8Array.from(files, ({ action }) => action),
    });
  await assert.rejects(update([]), /ELOOP/);
  writeFileSync(join(base, 'precious'), '');
  await assert.rejects(update(['d/precious']), /ELOOP/);
  assert.deepEqual(readdirSync(base), ['precious']);
});

test('contents that nobody asked for, are too much or do not end are refused', async (t) => {
  const bytes = Buffer.from('xx');
  const cases: [what: string, pieces: { number: number; bytes: Buffer; isLast: boolean }[]][] = [
    ['another number', [{ number: 1, bytes, isLast: true }]],
    ['more than allowed', Array(60).fill({ number: 0, bytes, isLast: false })],
    ['nothing after the first piece', [{ number: 0, bytes, isLast: false }]],
    ['nothing', []],
    [
      'more after the end',
      [
        { number: 0, bytes, isLast: true },
        { number: 0, bytes, isLast: true },
      ],
    ],
  ];
  for (const [what, pieces] of cases) {
    const { staging } = folders(t);
    const listed = listing([
      { path: 'a', action: actions.move },
      { path: 'b', action: actions.move },
    ]);
    async function* all() {
      yield pieces;
    }
    const receiving = trees.receive({
      ...{ staging, listed, pieces: all(), mostBytes: 100 },
      wanted: Uint32Array.of(0),
    });
    await assert.rejects(receiving, { kind: /invalid|unavailable/ }, what);
    assert.ok(existsSync(staging));
  }
});
