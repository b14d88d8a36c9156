import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../core/index.ts';
import { treeOf } from '../testing/tree-of.ts';
import { contentDigest, parseListing } from './content-digest.ts';
import { type FileIndex, fileIndex } from './file-index.ts';
import { type SelectionRequest, selectedPaths, selecting } from './selection.ts';

const index = fileIndex(
  treeOf({
    '.hidden': 'h',
    'a.txt': 'a',
    'b.txt': 'b',
    'b.md': 'md',
    'name*': 'star',
    link: '->src/main.c',
    linkdir: '->src',
    outside: '->../../etc/passwd',
    broken: '->nowhere',
    src: 'dir',
    'src/main.c': 'main',
    'src/.dot': 'dot',
    'src/lib': 'dir',
    'src/lib/x.c': 'x',
    'src/lib/x.h': 'xh',
    'src/lib/deep': 'dir',
    'src/lib/deep/y.c': 'y',
    'src-old': 'dir',
    'src-old/z.c': 'z',
  }),
  { plainRoot: true },
);

function found(request: Partial<SelectionRequest>, on: FileIndex = index): string[] {
  const { items } = atOnce(
    selecting(on, { patterns: [], excludes: [], parents: false, ...request }),
  );
  return items.map(({ path, under, shallow, isDirectory }) =>
    [path || '/', under && `as ${under}`, shallow ? 'alone' : isDirectory ? 'dir' : '']
      .filter(Boolean)
      .join(' '),
  );
}

test('sources: files, directories, links, wildcards', () => {
  const cases: [what: string, patterns: string[], items: string[]][] = [
    ['the whole context', ['.'], ['/ dir']],
    ['a file keeps its name', ['/src/main.c'], ['src/main.c as main.c']],
    ['a directory means its contents', ['src/'], ['src dir']],
    ['a link is followed, and its name kept', ['link'], ['src/main.c as link']],
    ['a link to a directory', ['linkdir/'], ['src dir']],
    ['dots lead nowhere outside', ['../../a.txt'], ['a.txt as a.txt']],
    [
      'a star takes names of one part, hidden ones too',
      ['*.txt'],
      ['a.txt as a.txt', 'b.txt as b.txt'],
    ],
    ['hidden files match a star', ['.h*'], ['.hidden as .hidden']],
    ['a star in a folder', ['src/*.c'], ['src/main.c as main.c']],
    ['a star for a folder', ['*/z.c'], ['src-old/z.c as z.c']],
    ['directories that match give their contents', ['src*'], ['src dir', 'src-old dir']],
    ['a class', ['[ab].txt'], ['a.txt as a.txt', 'b.txt as b.txt']],
    ['an escaped star behind a wildcard is a name', ['[n]ame\\*'], ['name* as name*']],
    ['a star through a link', ['linkdir/*.c'], ['src/main.c as main.c']],
    ['a wildcard may match nothing', ['*.nope'], []],
  ];
  for (const [what, patterns, items] of cases) assert.deepEqual(found({ patterns }), items, what);
});

test('sources that are not there, or lead outside', () => {
  const missing = (path: string) => ({
    kind: 'not-found',
    message: `failed to compute cache key: "${path}": not found`,
  });
  assert.throws(() => found({ patterns: ['nope'] }), missing('/nope'));
  // Without a wildcard nothing takes a backslash away, as in BuildKit.
  assert.throws(() => found({ patterns: ['name\\*'] }), { details: { path: 'name\\*' } });
  assert.throws(() => found({ patterns: ['outside'] }), missing('/outside'));
  assert.throws(() => found({ patterns: ['broken'] }), missing('/broken'));
  assert.throws(() => found({ patterns: ['brok*'] }), missing('/broken'));
  assert.throws(() => found({ patterns: ['a.txt/x'] }), missing('/a.txt/x'));
  assert.throws(() => found({ patterns: ['src/[x'] }), { kind: 'invalid' });
});

test('--parents keeps the path from the pivot on', () => {
  const cases: [patterns: string[], items: string[]][] = [
    [
      ['src/lib/x.c'],
      ['src as src alone', 'src/lib as src/lib alone', 'src/lib/x.c as src/lib/x.c'],
    ],
    [['./src/./lib/*.c'], ['src/lib as lib alone', 'src/lib/x.c as lib/x.c']],
    [
      ['src/lib/deep'],
      ['src as src alone', 'src/lib as src/lib alone', 'src/lib/deep as src/lib/deep dir'],
    ],
    [
      ['src/**/*.c'],
      [
        'src as src alone',
        'src/lib as src/lib alone',
        'src/lib/deep as src/lib/deep alone',
        'src/lib/deep/y.c as src/lib/deep/y.c',
        'src/lib/x.c as src/lib/x.c',
        'src/main.c as src/main.c',
      ],
    ],
    [['nope*'], []],
  ];
  for (const [patterns, items] of cases) {
    assert.deepEqual(found({ patterns, parents: true }), items, patterns[0]);
  }
  assert.throws(() => found({ patterns: ['src/nope'], parents: true }), /"\/src\/nope": not found/);
});

function taken(request: Partial<SelectionRequest>): string[] {
  const full = { patterns: [], excludes: [], parents: false, ...request };
  return [...selectedPaths(index, atOnce(selecting(index, full)))].map(([path]) => path);
}

test('--exclude is seen from each directory that is copied', () => {
  const cases: [Partial<SelectionRequest>, string[]][] = [
    [{ patterns: ['src'], excludes: ['lib'] }, ['src', 'src/.dot', 'src/main.c']],
    [
      { patterns: ['src'], excludes: ['**/*.c'] },
      ['src', 'src/.dot', 'src/lib', 'src/lib/deep', 'src/lib/x.h'],
    ],
    [
      { patterns: ['src'], excludes: ['lib', '!lib/x.h'] },
      ['src', 'src/.dot', 'src/lib', 'src/lib/x.h', 'src/main.c'],
    ],
    [{ patterns: ['*.txt', 'b.md'], excludes: ['b.*'] }, ['a.txt']],
    [
      { patterns: ['src/lib'], excludes: ['src/lib/deep'], parents: true },
      ['src', 'src/lib', 'src/lib/x.c', 'src/lib/x.h'],
    ],
  ];
  for (const [request, paths] of cases) {
    assert.deepEqual(taken(request), paths, JSON.stringify(request));
  }
});

test('content is digested by all but times, and listed', async () => {
  const digestOfTree = (paths: Record<string, string>, owner?: { uid: number; gid: number }) => {
    const on = fileIndex(treeOf(paths));
    return contentDigest(
      on,
      on.paths.map((path) => [path, path] as const),
      { owner },
    );
  };
  const a = await digestOfTree({ x: '1', 'new\nline': '2' });
  assert.equal((await digestOfTree({ 'new\nline': '2', x: '1' })).digest, a.digest);
  const others: Record<string, string>[] = [
    { x: '2', 'new\nline': '2' },
    { y: '1', 'new\nline': '2' },
    { x: '->1' },
  ];
  for (const other of others) {
    assert.notEqual((await digestOfTree(other)).digest, a.digest);
  }
  const owned = await digestOfTree({ x: '1', 'new\nline': '2' }, { uid: 0, gid: 0 });
  assert.notEqual(owned.digest, a.digest);
  assert.deepEqual([...parseListing(a.listing!).keys()], ['new\nline', 'x']);
});
