import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  compilePathMatch,
  createIgnoreMatcher,
  hasWildcards,
  parentsSource,
  parseIgnoreFile,
} from '../index.ts';
import { seededRandom } from '../seeded-random.ts';

test('parseIgnoreFile cleans each pattern and keeps its sign', () => {
  const text = [
    '\ufeff# comment',
    ' # no comment, it is indented',
    '',
    '   ',
    '/rooted',
    'folder/',
    '  ./a//b/../c  ',
    '! /kept/ ',
    '!',
    '/',
    '..',
    'carriage\r',
  ].join('\n');
  assert.deepEqual(parseIgnoreFile(text), [
    '# no comment, it is indented',
    'rooted',
    'folder',
    'a/c',
    '!kept',
    '!',
    '/',
    '..',
    'carriage',
  ]);
});

/** Each path with whether the patterns ignore it. */
const cases: [patterns: string[], ignored: string[], kept: string[]][] = [
  [['foo'], ['foo', 'foo/bar', 'foo/bar/baz'], ['bar/foo', 'foobar', 'Foo']],
  [['*'], ['a', 'a/b', '.git'], []],
  [['*.log'], ['x.log', '.log', 'x.log/in'], ['a/x.log', 'xlog']],
  [['*/*.log'], ['a/x.log'], ['x.log', 'a/b/x.log']],
  [['**/*.log'], ['x.log', 'a/x.log', 'a/b/x.log'], ['x.logs']],
  [['**'], ['a', 'a/b'], []],
  [['**/foo'], ['foo', 'a/foo', 'a/b/foo', 'foo/x'], ['afoo', 'a/foobar']],
  [['**foo'], ['foo', 'afoo', 'a/bfoo'], ['foob']],
  [['foo/**'], ['foo/a', 'foo/a/b'], ['foo', 'foobar']],
  [['foo**'], ['foo', 'foobar', 'foo/a'], ['afoo']],
  [['a/**/b'], ['a/b', 'a/x/b', 'a/x/y/b', 'a/b/c'], ['ab', 'a/xb']],
  [['a**b'], ['ab', 'ax/b'], ['axb']],
  [['?'], ['a', 'é', '😀'], ['ab', 'é!']],
  [['[a-c]x'], ['ax', 'cx'], ['dx', 'a']],
  [['[^a-c]x'], ['dx'], ['ax', 'x']],
  [['\\*'], ['*'], ['a']],
  [['a.b+c(d)'], ['a.b+c(d)'], ['axb+c(d)']],
  [
    ['foo', '!foo/keep'],
    ['foo', 'foo/x'],
    ['foo/keep', 'foo/keep/y'],
  ],
  [['*', '!keep'], ['a'], ['keep', 'keep/x']],
  [
    ['*', '!**/*.md', 'README.md'],
    ['a', 'README.md'],
    ['x.md', 'a/y.md'],
  ],
  [['!foo', 'foo'], ['foo'], []],
  [['foo', '!foo', 'foo'], ['foo'], []],
  [['../out', '/'], [], ['out', 'a']],
  [[' padded '], ['padded'], []],
  [[], [], ['a']],
];

describe('createIgnoreMatcher', () => {
  for (const [patterns, ignored, kept] of cases) {
    test(JSON.stringify(patterns), () => {
      const matcher = createIgnoreMatcher(patterns);
      for (const path of ignored) assert.equal(matcher.ignores(path), true, path);
      for (const path of kept) assert.equal(matcher.ignores(path), false, path);
    });
  }

  for (const pattern of ['[', '[]', '[a', '[a-]', 'a\\', '[-a]']) {
    test(`refuses ${pattern}`, () => {
      assert.throws(() => createIgnoreMatcher([pattern]), { message: 'syntax error in pattern' });
    });
  }

  test('refuses a lone !', () => {
    assert.throws(() => createIgnoreMatcher(['!']), /illegal exclusion pattern: "!"/);
  });

  test('a pattern of many stars takes no time that explodes', () => {
    const stars = createIgnoreMatcher([`${'**/a*'.repeat(50)}/b`]);
    assert.equal(stars.ignores(`${'a'.repeat(2000)}/${'a/'.repeat(1000)}c`), false);
  });
});

/** Walks down to a path; where a folder may be pruned on the way. */
function walkTo(matcher: ReturnType<typeof createIgnoreMatcher>, path: string) {
  const parts = path.split('/');
  let walk = matcher.walk();
  let prunedAt: string | undefined;
  let ignored = false;
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = parts.slice(0, depth).join('/');
    const verdict = walk.entry(folder);
    ignored = verdict.ignored;
    if (depth < parts.length && verdict.prune) prunedAt ??= folder;
    walk = verdict.enter();
  }
  return { ignored, prunedAt };
}

describe('a walk', () => {
  const prunes: [patterns: string[], folder: string, prune: boolean][] = [
    [['node_modules'], 'node_modules', true],
    [['a', '!a/b/c'], 'a', false],
    [['a', '!a/b/c'], 'a/b', false],
    [['a', '!a/b/c'], 'a/x', true],
    [['*', '!src'], 'docs', true],
    [['*', '!**/keep'], 'docs', false],
    [['*', '!do?s/*.md'], 'docs', false],
    [['*', '!do?s/*.md'], 'dogs', false],
    [['*', '!do?s/*.md'], 'cats', true],
    [['!a/b', 'a'], 'a', true],
    [['a', '!a/b/**'], 'a/b', false],
    [['a', '!a/b/**'], 'a/c', true],
    [['src'], 'lib', false],
  ];
  for (const [patterns, folder, prune] of prunes) {
    test(`${JSON.stringify(patterns)} ${prune ? 'prunes' : 'enters'} ${folder}`, () => {
      const matcher = createIgnoreMatcher(patterns);
      let walk = matcher.walk();
      const parts = folder.split('/');
      for (let depth = 1; depth < parts.length; depth++) {
        walk = walk.entry(parts.slice(0, depth).join('/')).enter();
      }
      assert.equal(walk.entry(folder).prune, prune);
    });
  }
});

/** Whether a pattern of whole segments matches, by trying every way. */
function matchesByTrying(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return path.length === 0;
  if (first === '**') {
    if (rest.length === 0) return path.length > 0;
    return path.some((_, skipped) => matchesByTrying(rest, path.slice(skipped)));
  }
  return (
    path.length > 0 && segmentByTrying(first, path[0]!) && matchesByTrying(rest, path.slice(1))
  );
}

function segmentByTrying(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  if (pattern[0] === '*') {
    return Array.from({ length: name.length + 1 }, (_, at) => at).some((at) =>
      segmentByTrying(pattern.slice(1), name.slice(at)),
    );
  }
  const matches = pattern[0] === '?' || pattern[0] === name[0];
  return name !== '' && matches && segmentByTrying(pattern.slice(1), name.slice(1));
}

function ignoresByTrying(patterns: readonly string[], path: string): boolean {
  const parts = path.split('/');
  let ignored = false;
  for (const written of patterns) {
    const isNegated = written.startsWith('!');
    const pattern = (isNegated ? written.slice(1) : written).split('/');
    const hit = parts.some((_, above) => matchesByTrying(pattern, parts.slice(0, above + 1)));
    if (hit) ignored = !isNegated;
  }
  return ignored;
}

test('5,000 sets of patterns against what they mean', () => {
  const random = seededRandom(42);
  const segment = () =>
    random.pick(['a', 'b', 'ab', '*', '?', 'a*', '*b', '?b', '**', 'a?*', '.x', '**']);
  const pattern = () => {
    const segments = [segment(), ...random.list(2, segment)];
    return (random.next() < 0.3 ? '!' : '') + segments.join('/');
  };
  const name = () => random.pick(['a', 'b', 'ab', 'aab', '.x', 'c']);
  let ignoredCount = 0;
  let prunedCount = 0;
  for (let round = 0; round < 5000; round++) {
    const patterns = [pattern(), ...random.list(3, pattern)];
    const matcher = createIgnoreMatcher(patterns);
    const path = [name(), ...random.list(3, name)].join('/');
    const expected = ignoresByTrying(patterns, path);
    const about = `${JSON.stringify(patterns)} ${path}`;
    assert.equal(matcher.ignores(path), expected, about);
    const { ignored, prunedAt } = walkTo(matcher, path);
    // Without negations a walk and a question agree; with them Docker's walk forgets, on the way
    // down, patterns that an earlier one had made idle.
    if (!matcher.hasNegations) assert.equal(ignored, expected, about);
    if (prunedAt !== undefined) {
      assert.equal(ignored, true, `${about} pruned at ${prunedAt}`);
      prunedCount++;
    }
    if (expected) ignoredCount++;
  }
  assert.ok(ignoredCount > 500 && ignoredCount < 4500 && prunedCount > 100);
});

describe('sources of COPY', () => {
  const matches: [pattern: string, path: string, expected: boolean][] = [
    ['*.txt', 'a.txt', true],
    ['*.txt', 'a/b.txt', false],
    ['hom?.txt', 'home.txt', true],
    ['**', 'a', true],
    ['**', 'a/b', false],
    ['a/*/c', 'a/b/c', true],
    ['[a-c][^x]', 'bz', true],
    ['\\[a', '[a', true],
  ];
  for (const [pattern, path, expected] of matches) {
    test(`${pattern} ${expected ? 'takes' : 'leaves'} ${path}`, () => {
      assert.equal(compilePathMatch(pattern).matches(path), expected);
    });
  }

  test('wildcards behind a backslash are none', () => {
    for (const path of ['a*', '?', 'x[a]', '\\\\*']) assert.equal(hasWildcards(path), true, path);
    for (const path of ['a', '\\*', 'a\\?b\\[c', '']) assert.equal(hasWildcards(path), false, path);
  });

  test('--parents keeps what is behind the pivot', () => {
    const root = (path: string) => parentsSource(path);
    assert.deepEqual(root('./a/b'), { root: '/', pattern: 'a/b', mustExist: true });
    assert.deepEqual(root('/x/./y/*.c'), { root: '/x', pattern: 'y/*.c', mustExist: false });
    assert.deepEqual(root('a/./b/./c'), { root: '/a', pattern: 'b/c', mustExist: true });
    assert.deepEqual(root('../../etc'), { root: '/', pattern: 'etc', mustExist: true });
    assert.deepEqual(root('**/x'), { root: '/', pattern: '**/x', mustExist: false });
  });
});
