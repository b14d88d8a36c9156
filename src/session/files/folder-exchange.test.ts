import assert from 'node:assert/strict';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { RemoteChoice, RemoteEntry, RemoteFiles } from '../../build/index.ts';
import { createIgnoreMatcher } from '../../dockerfile/index.ts';
import { openSession, type Session } from '../open-session.ts';
import { serveSession, sessionHead } from '../serve-session.ts';
import { socketPair } from '../socket-pair.ts';

const signal = new AbortController().signal;

/** A folder with these files; a value that begins with `->` makes a link, a key that ends with / a folder. */
function folderOf(files: Record<string, string | Buffer>): { root: string } & Disposable {
  const root = mkdtempSync(join(tmpdir(), 'berth-folder-'));
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    mkdirSync(path.endsWith('/') ? full : dirname(full), { recursive: true });
    if (path.endsWith('/')) continue;
    if (typeof content === 'string' && content.startsWith('->'))
      symlinkSync(content.slice(2), full);
    else writeFileSync(full, content);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

async function connected(root: string): Promise<Session & AsyncDisposable> {
  const { near, far } = await socketPair();
  const offers = { folders: { folders: { context: { root } }, patterns: createIgnoreMatcher } };
  const server = serveSession(far, offers);
  const session = openSession(near, sessionHead(offers, { id: 's1', sharedKey: 'k' }));
  return {
    ...session,
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function listed(files: RemoteFiles): Promise<RemoteEntry[]> {
  return (await Array.fromAsync(files.entries)).flat();
}

async function contents(files: RemoteFiles, paths: string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const ended = new Set<string>();
  for await (const batch of files.read(paths)) {
    for (const { path, bytes, isLast } of batch) {
      assert.ok(!ended.has(path));
      found[path] = (found[path] ?? '') + Buffer.from(bytes).toString('latin1');
      if (isLast) ended.add(path);
    }
  }
  assert.deepEqual([...ended].sort(), [...paths].sort());
  return found;
}

async function pathsOf(root: string, choice: RemoteChoice): Promise<string[]> {
  await using session = await connected(root);
  await using files = await session.folder('context').open(choice, signal);
  return (await listed(files)).map(({ path }) => path);
}

test('a folder is listed and read', async () => {
  using folder = folderOf({
    Dockerfile: 'FROM scratch\n',
    'a/b/c': 'deep',
    'a-b': 'sorts after a/',
    'empty/': '',
    link: '->a/b',
    'größe/ü': 'names',
    big: Buffer.alloc(3_000_000, 'x'),
    nothing: '',
  });
  linkSync(join(folder.root, 'a-b'), join(folder.root, 'twin'));
  await using session = await connected(folder.root);
  const remote = session.folder('context');
  assert.equal(remote.key, 'context::k');
  await using files = await remote.open({ exclude: [] }, signal);
  const entries = await listed(files);
  assert.deepEqual(
    entries.map(({ path, type }) => [path, type]),
    [
      ['Dockerfile', 'file'],
      ['a', 'directory'],
      ['a/b', 'directory'],
      ['a/b/c', 'file'],
      ['a-b', 'file'],
      ['big', 'file'],
      ['empty', 'directory'],
      ['größe', 'directory'],
      ['größe/ü', 'file'],
      ['link', 'symlink'],
      ['nothing', 'file'],
      ['twin', 'file'],
    ],
  );
  const entry = (path: string) => entries.find((one) => one.path === path)!;
  assert.equal(entry('link').linkTarget, 'a/b');
  assert.equal(entry('twin').linkTarget, 'a-b');
  assert.equal(entry('big').sizeBytes, 3_000_000);
  const { mtimeNs } = lstatSync(join(folder.root, 'big'), { bigint: true });
  assert.equal(entry('big').mtimeNs, mtimeNs);
  assert.equal(entry('a').mode, 0o755);
  assert.equal(entry('a').uid, 0);
  const [some, others] = await Promise.all([
    contents(files, ['big', 'a/b/c']),
    contents(files, ['Dockerfile', 'nothing', 'größe/ü']),
  ]);
  assert.equal(some.big, 'x'.repeat(3_000_000));
  assert.equal(some['a/b/c'], 'deep');
  assert.deepEqual(others, { Dockerfile: 'FROM scratch\n', nothing: '', 'größe/ü': 'names' });
});

describe('a choice of files', () => {
  const files = {
    Dockerfile: '',
    'src/main.c': '',
    'src/main.o': '',
    'src/lib/a.o': '',
    'src/lib/keep.o': '',
    'docs/x': '',
    current: '->versions/2',
    'versions/2/bin': '->../../src',
    'versions/1/f': '',
    'versions/2/f': '',
    round: '->round',
    dangling: '->nowhere',
  };
  const cases: [string, RemoteChoice, string[]][] = [
    [
      'patterns leave out, negations bring back, with their folders',
      {
        exclude: ['docs', '**/*.o', '!src/lib/keep.o', 'versions', 'round', 'dangling', 'current'],
      },
      ['Dockerfile', 'src', 'src/lib', 'src/lib/keep.o', 'src/main.c'],
    ],
    [
      'everything excluded but one',
      { exclude: ['*', '!src/lib/keep.o'] },
      ['src', 'src/lib', 'src/lib/keep.o'],
    ],
    ['one file', { exclude: [], only: ['Dockerfile'] }, ['Dockerfile']],
    ['nothing', { exclude: [], only: [] }, []],
    ['what is not there', { exclude: [], only: ['nope', 'nope/x', '../../etc/passwd'] }, []],
    [
      'a folder with all in it',
      { exclude: [], only: ['src/lib'] },
      ['src', 'src/lib', 'src/lib/a.o', 'src/lib/keep.o'],
    ],
    ['excluded all the same', { exclude: ['src'], only: ['src/lib', 'docs'] }, ['docs', 'docs/x']],
    [
      'links with what they lead to',
      { exclude: [], only: ['current/bin/main.c'] },
      ['current', 'src', 'src/main.c', 'versions', 'versions/2', 'versions/2/bin'],
    ],
    [
      'links that lead nowhere',
      { exclude: [], only: ['round', 'dangling'] },
      ['dangling', 'round'],
    ],
    ['wildcards', { exclude: [], only: ['src/*.c', 'D*'] }, ['Dockerfile', 'src', 'src/main.c']],
    [
      'the root',
      { exclude: ['*/**', '!docs/**'], only: ['/'] },
      ['Dockerfile', 'current', 'dangling', 'docs', 'docs/x', 'round', 'src', 'versions'],
    ],
  ];
  for (const [name, choice, expected] of cases) {
    test(name, async () => {
      using folder = folderOf(files);
      assert.deepEqual(await pathsOf(folder.root, choice), expected);
    });
  }

  test('patterns with commas, spaces and letters beyond ASCII', async () => {
    using folder = folderOf({ 'a, b': '', 'ä b': '', 'c%20d': '', '50%': '' });
    const exclude = ['a, b', 'ä b', 'c%20d'];
    assert.deepEqual(await pathsOf(folder.root, { exclude }), ['50%']);
    assert.deepEqual(await pathsOf(folder.root, { exclude: exclude.slice(0, 1) }), [
      '50%',
      'c%20d',
      'ä b',
    ]);
  });

  test('thousands of patterns', async () => {
    using folder = folderOf({ f999: '', keep: '' });
    const exclude = Array.from({ length: 5000 }, (_, i) => `f${i}`);
    assert.deepEqual(await pathsOf(folder.root, { exclude }), ['keep']);
  });
});

test('many small files, several exchanges side by side on one connection', async () => {
  const files: Record<string, string> = {};
  for (let i = 0; i < 3000; i++) files[`d${i % 30}/f${i}`] = `content ${i}`;
  using folder = folderOf(files);
  await using session = await connected(folder.root);
  const readAll = async () => {
    await using remote = await session.folder('context').open({ exclude: [] }, signal);
    const paths = (await listed(remote)).flatMap(({ type, path }) => (type === 'file' ? path : []));
    return await contents(remote, paths);
  };
  for (const found of await Promise.all([readAll(), readAll(), readAll()])) {
    assert.deepEqual(
      { ...found },
      { ...Object.fromEntries(Object.entries(files).sort()), ...found },
    );
    assert.equal(Object.keys(found).length, 3000);
    assert.equal(found['d7/f37'], 'content 37');
  }
});

test('an exchange can be left at any point, and the next one works', async () => {
  using folder = folderOf({ big: Buffer.alloc(20_000_000), 'a/b': 'x' });
  await using session = await connected(folder.root);
  const remote = session.folder('context');
  await (await remote.open({ exclude: [] }, signal))[Symbol.asyncDispose]();
  {
    await using files = await remote.open({ exclude: [] }, signal);
    await listed(files);
    for await (const _ of files.read(['big'])) break;
  }
  const controller = new AbortController();
  const aborted = await remote.open({ exclude: [] }, controller.signal);
  await listed(aborted);
  controller.abort();
  await assert.rejects(contents(aborted, ['big']), { name: 'AbortError' });
  await aborted[Symbol.asyncDispose]();
  await using files = await remote.open({ exclude: [] }, signal);
  assert.equal((await listed(files)).length, 3);
  assert.deepEqual(await contents(files, ['a/b']), { 'a/b': 'x' });
});

test('a client that goes away ends the exchange with an error', async () => {
  using folder = folderOf({ big: Buffer.alloc(20_000_000) });
  const session = await connected(folder.root);
  await using files = await session.folder('context').open({ exclude: [] }, signal);
  await listed(files);
  const reading = contents(files, ['big']);
  await session[Symbol.asyncDispose]();
  await assert.rejects(reading, { kind: 'unavailable' });
  assert.ok(session.closed.aborted);
  await assert.rejects(session.folder('context').open({ exclude: [] }, signal), {
    kind: 'unavailable',
  });
});

test('a folder that is not offered is refused', async () => {
  using folder = folderOf({});
  await using session = await connected(folder.root);
  await using files = await session.folder('other').open({ exclude: [] }, signal);
  await assert.rejects(listed(files), {
    kind: 'not-found',
    message: /no access allowed to dir "other"/,
  });
});
