import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { followPaths } from './wanted-paths.ts';

const root = mkdtempSync(join(tmpdir(), 'wanted-'));
after(() => rmSync(root, { recursive: true }));
for (const name of ['*', 'a[1]', 'plain']) writeFileSync(join(root, name), name);
symlinkSync('a[1]', join(root, 'link'));

/** `*` alone matches everything; other patterns match what they spell. */
const compile = ([pattern]: readonly string[]) => ({
  walk: () => ({
    entry: (name: string) => ({
      ignored: pattern === '*' || name === pattern,
      prune: false,
      enter: (): never => assert.fail('no folder is entered'),
    }),
  }),
});

const wanted = (...paths: string[]) => [...followPaths(root, paths, compile).below.keys()].sort();

test('names that were found are taken as they are, wildcards in them too', () => {
  assert.deepEqual(wanted('*'), ['*', 'a[1]', 'link', 'plain']);
});

test('so is what a link leads to', () => {
  assert.deepEqual(wanted('link'), ['a[1]', 'link']);
});
