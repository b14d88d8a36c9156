import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from '../harness/busybox.ts';
import { startDaemon, type TestDaemon } from '../harness/daemon.ts';

let daemon: TestDaemon;
let folder: string;
let out: string;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
  folder = join(daemon.folder, 'context');
  out = join(daemon.folder, 'out');
  mkdirSync(join(folder, 'app/cache'), { recursive: true });
  const files = {
    Dockerfile: 'FROM scratch\nCOPY . /\n',
    '.dockerignore': 'app/cache\n*.log\n',
    'app/main': 'code',
    'app/cache/x': 'cached',
    'a.log': 'log',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  symlinkSync('main', join(folder, 'app/link'));
});
after(() => daemon[Symbol.asyncDispose]());

/** What is in the files that a build of the folder gives. */
async function build(...args: string[]): Promise<(path: string) => string | undefined> {
  rmSync(out, { recursive: true, force: true });
  const { code, stderr } = await daemon.berth('build', '-q', '-o', out, ...args, folder);
  assert.equal(code, 0, stderr);
  return (path) => {
    try {
      return readFileSync(join(out, path), 'utf8');
    } catch {
      return undefined;
    }
  };
}

const keptContexts = async () => {
  const usage = await daemon.ok('system', 'df', '-v', '--format', '{{json .BuildCache}}');
  return (JSON.parse(usage) as { CacheType: string }[]).filter(
    ({ CacheType }) => CacheType === 'source.local',
  );
};

test('a folder is built as it is now, without what its ignore file names', async () => {
  const first = await build();
  assert.deepEqual(['app/main', 'app/link', 'app/cache/x', 'a.log'].map(first), [
    'code',
    'code',
    undefined,
    undefined,
  ]);
  writeFileSync(join(folder, 'app/main'), 'new code');
  writeFileSync(join(folder, 'added'), 'added');
  assert.deepEqual(['app/main', 'added'].map(await build()), ['new code', 'added']);
  rmSync(join(folder, 'added'));
  // Same size, another time: what counts is what lstat says.
  writeFileSync(join(folder, 'app/main'), 'old code');
  utimesSync(join(folder, 'app/main'), 5, 5);
  assert.deepEqual(['app/main', 'added'].map(await build()), ['old code', undefined]);
  assert.equal((await keptContexts()).length, 1);
});

test('a Dockerfile from elsewhere brings its ignore file; one from standard input has none', async () => {
  const elsewhere = join(daemon.folder, 'other.Dockerfile');
  writeFileSync(elsewhere, 'FROM scratch\nCOPY . /\n');
  assert.equal((await build('-f', elsewhere))('a.log'), undefined, 'the one of the folder');
  writeFileSync(`${elsewhere}.dockerignore`, 'app\n');
  const ignoring = await build('-f', elsewhere);
  assert.deepEqual(['app/main', 'a.log'].map(ignoring), [undefined, 'log']);
});

test('folders by name, each kept for itself', async () => {
  const more = join(daemon.folder, 'more');
  mkdirSync(more);
  writeFileSync(join(more, 'm'), 'more');
  const dockerfile = join(daemon.folder, 'named.Dockerfile');
  writeFileSync(dockerfile, 'FROM scratch\nCOPY app/main /\nCOPY --from=more m /\n');
  const built = await build('-f', dockerfile, '--build-context', `more=${more}`);
  assert.deepEqual(['main', 'm'].map(built), ['old code', 'more']);
  assert.equal((await keptContexts()).length, 2);
});

test('what is kept outlives the daemon, and goes with the cache', async () => {
  await daemon.kill();
  await daemon.start();
  assert.equal((await build())('app/main'), 'old code');
  const pruned = await daemon.ok('builder', 'prune', '--force', '--all');
  assert.match(pruned, /Deleted build cache objects:/);
  assert.deepEqual(await keptContexts(), []);
  assert.equal((await build())('app/main'), 'old code');
});

test('a folder that has no Dockerfile, or none that can be read', async () => {
  const { code, stderr } = await daemon.berth('build', '-q', '-f', join(folder, 'nope'), folder);
  assert.notEqual(code, 0);
  assert.match(stderr, /failed to read dockerfile/);
});
