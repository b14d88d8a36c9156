import assert from 'node:assert/strict';
import { test } from 'node:test';
import { treeOf as tree } from '../testing/tree-of.ts';
import { cleanPath, fileIndex } from './file-index.ts';

test('children and descendants, with names that sort between a directory and its content', () => {
  const index = fileIndex(
    tree({ a: 'dir', 'a/x': 'f', 'a/y': 'dir', 'a/y/z': 'f', 'a-b': 'f', 'a.txt': 'f', b: 'f' }),
  );
  assert.deepEqual([...index.children('')], ['a', 'a-b', 'a.txt', 'b']);
  assert.deepEqual([...index.children('a')], ['a/x', 'a/y']);
  assert.deepEqual([...index.children('b')], []);
  const { start, end } = index.below('a');
  assert.deepEqual(index.paths.slice(start, end), ['a/x', 'a/y', 'a/y/z']);
});

test('entries that are not kept are not there', () => {
  const index = fileIndex(tree({ a: 'f', b: 'f' }), { keep: (path) => path !== 'a' });
  assert.equal(index.entry('a'), undefined);
  assert.equal(index.resolve('a'), undefined);
  assert.equal(index.resolve('b'), 'b');
});

test('links are followed inside the tree, never out of it', () => {
  const index = fileIndex(
    tree({
      dir: 'dir',
      'dir/file': 'f',
      link: '->dir',
      absolute: '->/dir/file',
      escape: '->../../../../dir/file',
      nowhere: '->missing',
      loop: '->loop2',
      loop2: '->loop',
    }),
  );
  assert.equal(index.resolve('link/file'), 'dir/file');
  assert.equal(index.resolve('absolute'), 'dir/file');
  assert.equal(index.resolve('escape'), 'dir/file');
  assert.equal(index.resolve('../../dir/./file'), 'dir/file');
  assert.equal(index.resolve('nowhere'), undefined);
  assert.equal(index.resolve('dir/file/below'), undefined);
  assert.throws(() => index.resolve('loop'), /too many links/);
});

test('paths are cleaned without leaving the root', () => {
  assert.equal(cleanPath('/a//b/./c/'), 'a/b/c');
  assert.equal(cleanPath('../../a/../b'), 'b');
  assert.equal(cleanPath('.'), '');
});
