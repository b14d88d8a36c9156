import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Trees } from '../../ports.ts';
import type { RemoteFolder } from '../../remote-folder.ts';
import { createFakeTrees } from '../../testing/fake-trees.ts';
import { type LocalFolderOptions, localFolder } from '../../testing/local-folder.ts';
import { createKeptContexts } from './kept-contexts.ts';

interface Keeping {
  readonly source: string;
  readonly root: string;
  readonly trees: Trees;
  open(): ReturnType<typeof createKeptContexts>;
  folder(key?: string, options?: LocalFolderOptions): ReturnType<typeof localFolder>;
  /** Waits for what goes on in the background. */
  settled(): Promise<void>;
  options: Parameters<ReturnType<typeof createKeptContexts>['sync']>[1];
}

function keeping(t: TestContext): Keeping {
  const top = mkdtempSync(join(tmpdir(), 'kept-'));
  const work = new Set<Promise<void>>();
  t.after(async () => {
    await Promise.all(work);
    rmSync(top, { recursive: true });
  });
  const source = join(top, 'source');
  const root = join(top, 'contexts');
  mkdirSync(join(source, 'sub'), { recursive: true });
  for (const [path, text] of Object.entries({ a: 'one', b: 'two', 'sub/c': 'three' })) {
    writeFileSync(join(source, path), text);
  }
  symlinkSync('sub/c', join(source, 'link'));
  const trees = createFakeTrees();
  let folders = 0;
  return {
    source,
    root,
    trees,
    open: () =>
      createKeptContexts({
        root,
        trees,
        sweep: (promise) => void work.add(promise),
        now: Date.now,
      }),
    folder: (key = 'me', options = {}) => localFolder(source, key, options),
    async settled() {
      await Promise.all(work);
    },
    options: {
      exclude: [],
      limits: { entries: 1000, bytes: 1e6 },
      async newFolder(purpose) {
        const folder = join(top, `${purpose}-${folders++}`);
        mkdirSync(folder);
        return folder;
      },
      onProgress: () => {},
      signal: new AbortController().signal,
    },
  };
}

/** What a synced context has on disk, and that its index says the same. */
async function contentsOf(
  contexts: ReturnType<typeof createKeptContexts>,
  folder: RemoteFolder,
  options: Keeping['options'],
): Promise<Record<string, string>> {
  using synced = await contexts.sync(folder, options);
  const { tree, paths } = synced.index;
  const onDisk = readdirSync(tree.rootPath, { recursive: true, encoding: 'utf8' });
  assert.deepEqual(onDisk.sort(), [...paths]);
  const files: Record<string, string> = {};
  for (const path of paths) {
    const { type, linkTarget, digest } = synced.index.entry(path)!;
    const real = join(tree.rootPath, path);
    if (type === 'file') {
      files[path] = readFileSync(real, 'utf8');
      assert.match(digest!, /^sha256:[1-9a-f][0-9a-f]{63}$|^sha256:0[0-9a-f]{63}$/);
    } else if (type === 'symlink') assert.equal(readlinkSync(real), linkTarget);
  }
  return files;
}

test('only what is new or changed is asked for; what is gone goes', async (t) => {
  const at = keeping(t);
  const contexts = at.open();
  const folder = at.folder();
  const sync = () => contentsOf(contexts, folder, at.options);
  assert.deepEqual(await sync(), { a: 'one', b: 'two', 'sub/c': 'three' });
  assert.deepEqual(folder.asked.splice(0), ['a', 'b', 'sub/c']);
  await sync();
  assert.deepEqual(folder.asked, []);
  const linked = lstatSync(join(at.root, contexts.list()[0]!.id, 'files/a'));

  writeFileSync(join(at.source, 'a'), 'changed');
  rmSync(join(at.source, 'b'));
  rmSync(join(at.source, 'sub'), { recursive: true });
  writeFileSync(join(at.source, 'sub'), 'now a file');
  mkdirSync(join(at.source, 'new'));
  linkSync(join(at.source, 'a'), join(at.source, 'new/name'));
  rmSync(join(at.source, 'link'));
  mkdirSync(join(at.source, 'link'));
  assert.deepEqual(await sync(), { a: 'changed', 'new/name': 'changed', sub: 'now a file' });
  assert.deepEqual(folder.asked.splice(0), ['a', 'sub']);
  const replaced = lstatSync(join(at.root, contexts.list()[0]!.id, 'files/a'));
  assert.notEqual(replaced.ino, linked.ino, 'a file is never changed where it stands');

  chmodSync(join(at.source, 'sub'), 0o755);
  utimesSync(join(at.source, 'a'), 1, 1);
  await sync();
  assert.deepEqual(folder.asked.splice(0), ['a', 'sub']);
});

test('a name of a file follows when the file changes', async (t) => {
  const at = keeping(t);
  const contexts = at.open();
  linkSync(join(at.source, 'a'), join(at.source, 'z'));
  const folder = at.folder();
  await contentsOf(contexts, folder, at.options);
  writeFileSync(join(at.source, 'a'), 'both');
  const files = await contentsOf(contexts, folder, at.options);
  assert.deepEqual([files.a, files.z], ['both', 'both']);
});

test('what is kept outlives the process; without a good index it is made anew', async (t) => {
  const at = keeping(t);
  await contentsOf(at.open(), at.folder(), at.options);
  await at.settled();
  const again = at.folder();
  const later = at.open();
  const [context] = later.list();
  assert.deepEqual([context?.sizeBytes, context?.inUse], [11, false]);
  await contentsOf(later, again, at.options);
  assert.deepEqual(again.asked, []);

  const index = join(at.root, context!.id, 'index');
  const bytes = readFileSync(index);
  const damages: [what: string, damage: () => void][] = [
    ['no index', () => rmSync(index)],
    ['half an index', () => writeFileSync(index, bytes.subarray(0, bytes.length - 10))],
    ['another index', () => writeFileSync(index, bytes.fill(7, bytes.length - 10))],
    ['nothing', () => rmSync(at.root, { recursive: true })],
  ];
  for (const [what, damage] of damages) {
    damage();
    const folder = at.folder();
    const files = await contentsOf(at.open(), folder, at.options);
    assert.equal(Object.keys(files).length, 3, what);
    assert.equal(folder.asked.length, 3, what);
    await at.settled();
  }
});

test('an update that fails leaves nothing that could be believed', async (t) => {
  const at = keeping(t);
  const contexts = at.open();
  await contentsOf(contexts, at.folder(), at.options);
  await at.settled();
  writeFileSync(join(at.source, 'a'), 'changed');
  const { update } = at.trees;
  at.trees.update = async () => {
    throw new Error('disk full');
  };
  await assert.rejects(contexts.sync(at.folder(), at.options), /disk full/);
  assert.deepEqual(readdirSync(at.root), []);
  at.trees.update = update;
  const folder = at.folder();
  assert.equal((await contentsOf(contexts, folder, at.options)).a, 'changed');
  assert.equal(folder.asked.length, 3);
});

test('a build that reads a context keeps it as it is; the next one gets a folder of its own', async (t) => {
  const at = keeping(t);
  const contexts = at.open();
  const first = await contexts.sync(at.folder(), at.options);
  const path = join(first.index.tree.rootPath, 'a');
  const kept = lstatSync(path);
  writeFileSync(join(at.source, 'a'), 'changed');
  const folder = at.folder();
  const second = await contexts.sync(folder, at.options);
  assert.deepEqual(folder.asked, ['a']);
  assert.equal(readFileSync(path, 'utf8'), 'one');
  assert.equal(readFileSync(join(second.index.tree.rootPath, 'a'), 'utf8'), 'changed');
  const inodes = [first, second].map(
    ({ index }) => lstatSync(join(index.tree.rootPath, 'sub/c')).ino,
  );
  assert.equal(inodes[0], inodes[1], 'what did not change is not stored twice');
  assert.equal(await contexts.remove(contexts.list()[0]!.id), false);
  second[Symbol.dispose]();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal(lstatSync(path).ino, kept.ino);
  assert.equal((await contentsOf(contexts, at.folder(), at.options)).a, 'changed');
});

test('two builds with a new key at once, and one that goes away', async (t) => {
  const at = keeping(t);
  const contexts = at.open();
  const gone = new AbortController();
  const leaving = at.folder('me', {
    pieces: () => {
      gone.abort(new Error('gone'));
      throw new Error('connection reset');
    },
  });
  const [left, ...both] = await Promise.allSettled([
    contexts.sync(leaving, { ...at.options, signal: gone.signal }),
    contexts.sync(at.folder(), at.options),
    contexts.sync(at.folder(), at.options),
  ]);
  assert.equal(left.status, 'rejected');
  for (const result of both) {
    assert.ok(result.status === 'fulfilled');
    const { rootPath } = result.value.index.tree;
    assert.equal(readFileSync(join(rootPath, 'b'), 'utf8'), 'two');
    result.value[Symbol.dispose]();
  }
  await contentsOf(contexts, at.folder(), at.options);
  await at.settled();
  assert.equal(contexts.list().length, 1);
  assert.equal(await contexts.remove(contexts.list()[0]!.id), true);
  assert.deepEqual([contexts.list(), readdirSync(at.root)], [[], []]);
});

test('keys are text of the client and no paths', async (t) => {
  const at = keeping(t);
  const contexts = at.open();
  for (const key of ['../../x', '/etc', '\0', 'x'.repeat(1e6), '', '\ud800"\n']) {
    await contentsOf(contexts, at.folder(key), at.options);
  }
  await at.settled();
  assert.equal(readdirSync(at.root).length, 6);
  assert.equal(at.open().list().length, 6);
});

test('without a key nothing is kept', async (t) => {
  const at = keeping(t);
  const contexts = at.open();
  for (let round = 0; round < 2; round++) {
    const folder = { ...at.folder(), key: undefined };
    assert.equal((await contentsOf(contexts, folder, at.options)).a, 'one');
    assert.equal(folder.asked.length, 3);
  }
  assert.deepEqual(readdirSync(at.root), []);
});

test('contents that were not asked for, or do not end, are refused', async (t) => {
  const at = keeping(t);
  const contexts = at.open();
  const cases: LocalFolderOptions['pieces'][] = [
    () => [{ path: '../../escape', bytes: Buffer.from('x'), isLast: true }],
    (path) => [{ path, bytes: Buffer.from('x'), isLast: false }],
    (path, bytes) => [
      { path, bytes, isLast: true },
      { path, bytes, isLast: true },
    ],
  ];
  for (const pieces of cases) {
    await assert.rejects(contexts.sync(at.folder('me', { pieces }), at.options), {
      kind: /invalid|unavailable/,
    });
  }
  assert.equal(contexts.list().length, 0);
});

test('leftovers of a crash go, whatever they are called', async (t) => {
  const at = keeping(t);
  await contentsOf(at.open(), at.folder(), at.options);
  await at.settled();
  const [id] = readdirSync(at.root);
  renameSync(join(at.root, id!), join(at.root, `${id}.gone-1-1`));
  mkdirSync(join(at.root, 'f'.repeat(32), 'files'), { recursive: true });
  assert.deepEqual(at.open().list(), []);
  await at.settled();
  assert.equal(existsSync(at.root) && readdirSync(at.root).length, 0);
});
