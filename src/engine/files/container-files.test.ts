import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { collect, notFound, streamOf } from '../../core/index.ts';
import { type NewTarEntry, readTar, writeTar } from '../../image/index.ts';
import type { Container } from '../containers/container.ts';
import { createContainerFiles } from './container-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-cp-'));
after(() => rmSync(folder, { recursive: true }));
const root = join(folder, 'root');
const volume = join(folder, 'volume');
const owner = { uid: process.getuid!(), gid: process.getgid!() };

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  rmSync(volume, { recursive: true, force: true });
  rmSync(join(folder, 'outside'), { recursive: true, force: true });
  for (const path of ['root/dir/sub', 'volume', 'outside'])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'outside/secret'), 'secret');
  writeFileSync(join(root, 'dir/file'), 'content');
  writeFileSync(join(volume, 'kept'), 'in the volume');
  symlinkSync('/dir', join(root, 'link'));
  symlinkSync(`${folder}/outside`, join(root, 'escape'));
});

const container = {
  id: 'c1',
  name: 'c',
  config: { Image: 'i' },
  hostConfig: {},
  mounts: [
    {
      type: 'volume',
      source: volume,
      destination: '/data',
      mode: '',
      readWrite: true,
      propagation: '',
    },
  ],
} as unknown as Container;

const files = createContainerFiles({
  find: (ref) => {
    if (ref !== 'c') throw notFound(`No such container: ${ref}`);
    return container;
  },
  openRoot: async () => ({ rootPath: root, [Symbol.asyncDispose]: async () => {} }),
  userOf: () => owner,
  events: { publish: () => {} },
});

async function read(path: string): Promise<string[]> {
  const { archive } = await files.read('c', path);
  const found: string[] = [];
  for await (const { entry, content } of readTar(archive)) {
    found.push(`${entry.type} ${entry.path} ${await collect(content(), 1000)}`.trim());
  }
  return found;
}

const entry = (path: string, rest: Partial<NewTarEntry> = {}): NewTarEntry => ({
  path,
  type: 'file',
  mode: 0o640,
  ...owner,
  ...rest,
});

async function write(
  path: string,
  entries: [NewTarEntry, string?][],
  noOverwriteDirNonDir = false,
): Promise<void> {
  const members = entries.map(([header, text = '']) => ({
    entry: { ...header, sizeBytes: Buffer.byteLength(text) },
    content: streamOf(text),
  }));
  await files.write('c', path, writeTar(members), { noOverwriteDirNonDir, copyUidGid: false });
}

test('reads a file, a folder, what is in a folder, a link itself, a volume', async () => {
  assert.deepEqual(await read('/dir/file'), ['file file content']);
  assert.deepEqual(await read('/dir'), [
    'directory dir/',
    'file dir/file content',
    'directory dir/sub/',
  ]);
  assert.deepEqual(await read('/dir/.'), [
    'directory ./',
    'file ./file content',
    'directory ./sub/',
  ]);
  assert.deepEqual(await read('/link'), ['symlink link']);
  assert.deepEqual(await read('/link/file'), ['file file content']);
  assert.deepEqual(await read('/data/kept'), ['file kept in the volume']);
});

test('stat tells name, size, Go mode and where a link leads', async () => {
  const { mtime: _mtime, mode, ...rest } = await files.stat('c', '/link');
  assert.deepEqual(rest, { name: 'link', size: 4, linkTarget: '/dir' });
  assert.equal(mode & (2 ** 27), 2 ** 27);
  assert.equal((await files.stat('c', '/dir')).mode >>> 31, 1);
});

test('nothing outside the root is reached', async () => {
  await assert.rejects(read('/escape/secret'), {
    kind: 'not-found',
    message: 'Could not find the file /escape/secret in container c',
  });
  assert.deepEqual(await read('/../../dir/file'), ['file file content']);
});

test('writes files, folders and links with their modes', async () => {
  await write('/dir', [
    [entry('new/', { type: 'directory', mode: 0o711 })],
    [entry('new/a', { mode: 0o4755 }), 'text'],
    [entry('new/b', { type: 'hardlink', linkTarget: 'new/a' })],
    [entry('deep/er/c'), 'deep'],
    [entry('link', { type: 'symlink', linkTarget: 'new/a' })],
  ]);
  assert.equal(statSync(join(root, 'dir/new')).mode & 0o7777, 0o711);
  assert.equal(statSync(join(root, 'dir/new/a')).mode & 0o7777, 0o4755);
  assert.equal(statSync(join(root, 'dir/new/b')).nlink, 2);
  assert.equal(readFileSync(join(root, 'dir/link'), 'utf8'), 'text');
  assert.equal(readFileSync(join(root, 'dir/deep/er/c'), 'utf8'), 'deep');
  await write('/data', [[entry('n'), 'x']]);
  assert.equal(readFileSync(join(volume, 'n'), 'utf8'), 'x');
});

test('hostile archives stay inside', async () => {
  await assert.rejects(write('/dir', [[entry('../../../outside/x'), 'x']]), { kind: 'invalid' });
  await write('/dir', [[entry('out', { type: 'symlink', linkTarget: `${folder}/outside` })]]);
  await write('/dir', [[entry('out/written'), 'x']]).catch(() => {});
  assert.equal(existsSync(join(folder, 'outside/written')), false);
  await assert.rejects(
    write('/dir', [[entry('stolen', { type: 'hardlink', linkTarget: '../../outside/secret' })]]),
  );
  assert.equal(lstatSync(join(root, 'dir/out')).isSymbolicLink(), true);
});

test('replaces what is there unless kinds differ and that is refused', async () => {
  await assert.rejects(write('/dir', [[entry('sub'), 'x']], true), /cannot overwrite directory/);
  await assert.rejects(
    write('/dir', [[entry('file/', { type: 'directory' })]], true),
    /cannot overwrite non-directory/,
  );
  await write('/dir', [[entry('sub'), 'now a file']]);
  assert.equal(readFileSync(join(root, 'dir/sub'), 'utf8'), 'now a file');
  await assert.rejects(
    write('/dir/file', [[entry('x'), 'x']]),
    /extraction point is not a directory/,
  );
  await assert.rejects(
    write('/none', [[entry('x'), 'x']]),
    /Could not find the file \/none in container c/,
  );
});
