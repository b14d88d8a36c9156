import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { findDockerfiles, isDockerfileName } from './find-dockerfiles.ts';
import { gitIgnoreOf, parseGitIgnore } from './git-ignore.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-find-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function tree(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function found(root: string, gitIgnore = true): string[] {
  return findDockerfiles([root], { gitIgnore }).map((path) => path.slice(root.length + 1));
}

test('folders are searched by name', () => {
  const root = tree('plain', {
    Dockerfile: '',
    'b/app.Dockerfile': '',
    'b/Dockerfile.dev': '',
    'b/Containerfile': '',
    'b/x.txt': '',
    'b/.git/Dockerfile': '',
    'node_modules/Dockerfile': '',
    'Dockerfile.dockerignore': '',
  });
  symlinkSync(root, join(root, 'loop'));
  const paths = findDockerfiles([root, '-', join(root, 'b/x.txt')], { gitIgnore: true });
  assert.deepEqual(
    paths.map((path) => path.replace(`${root}/`, '')),
    ['Dockerfile', 'b/Containerfile', 'b/Dockerfile.dev', 'b/app.Dockerfile', '-', 'b/x.txt'],
  );
  assert.throws(
    () => findDockerfiles([join(root, 'none')], { gitIgnore: true }),
    /none: no such file/,
  );
  assert.equal(isDockerfileName('dockerfile'), false);
});

describe('what git ignores is left out', () => {
  const root = tree('repository', {
    '.git/info/exclude': '/private\n',
    '.gitignore': '# made\nbuild/\n*.tmp.Dockerfile\n/vendor/**\n!vendor/keep.Dockerfile\n',
    Dockerfile: '',
    'a.tmp.Dockerfile': '',
    'build/Dockerfile': '',
    'private/Dockerfile': '',
    'vendor/x.Dockerfile': '',
    'vendor/keep.Dockerfile': '',
    'sub/build/Dockerfile': '',
    'sub/.gitignore': '!b.tmp.Dockerfile\n/only\n',
    'sub/b.tmp.Dockerfile': '',
    'sub/only/Dockerfile': '',
    'sub/deep/only/Dockerfile': '',
  });
  test('from its root', () => {
    assert.deepEqual(found(root), [
      'Dockerfile',
      'sub/b.tmp.Dockerfile',
      'sub/deep/only/Dockerfile',
      'vendor/keep.Dockerfile',
    ]);
  });
  test('from a folder in it', () => {
    assert.deepEqual(found(join(root, 'sub')), ['b.tmp.Dockerfile', 'deep/only/Dockerfile']);
  });
  test('unless that is not wanted, or the file is named', () => {
    assert.equal(found(root, false).length, 10);
    const named = join(root, 'build/Dockerfile');
    assert.deepEqual(findDockerfiles([named], { gitIgnore: true }), [named]);
  });
});

describe('patterns of .gitignore', () => {
  const cases: [pattern: string, path: string, ignored: boolean][] = [
    ['foo', 'foo', true],
    ['foo', 'a/foo', true],
    ['/foo', 'a/foo', false],
    ['a/foo', 'b/a/foo', false],
    ['foo/', 'foo', false],
    ['*.o', 'a/b.o', true],
    ['*.o', 'a/b.oo', false],
    ['f?o', 'fxo', true],
    ['f[a-c]o', 'fbo', true],
    ['f[!a-c]o', 'fbo', false],
    ['f[^a-c]o', 'fzo', true],
    ['\\#a', '#a', true],
    ['\\!a', '!a', true],
    ['a\\*', 'ab', false],
    ['a\\*', 'a*', true],
    ['a ', 'a', true],
    ['a\\ ', 'a ', true],
    ['**/x', 'a/b/x', true],
    ['a/**/x', 'a/x', true],
    ['a/**/x', 'a/b/c/x', true],
    ['a/**', 'a', false],
    ['a/**', 'a/b/c', true],
    ['**', 'a', true],
    ['a**b', 'axxb', true],
    ['[', '[', true],
    ['#a', '#a', false],
    ['', 'a', false],
  ];
  for (const [index, [pattern, path, ignored]] of cases.entries()) {
    test(`${JSON.stringify(pattern)} and ${path}`, () => {
      const root = tree(`pattern${index}`, { '.git/x': '', '.gitignore': `${pattern}\n` });
      const names = path.split('/');
      const last = names.pop()!;
      const ignore = names.reduce((at, name) => at.below(name), gitIgnoreOf(root));
      assert.equal(ignore.ignores(last, false), ignored);
    });
  }

  test('many stars cost in proportion', () => {
    const root = tree('stars', { '.git/x': '', '.gitignore': `${'*a'.repeat(500)}b\n` });
    assert.equal(gitIgnoreOf(root).ignores('a'.repeat(1000), false), false);
    assert.equal(parseGitIgnore(`${' '.repeat(100_000)}x${' '.repeat(100_000)}\n`).length, 1);
  });
});
