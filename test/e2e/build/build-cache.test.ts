import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from '../harness/busybox.ts';
import { startDaemon, type TestDaemon } from '../harness/daemon.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
});
after(() => daemon[Symbol.asyncDispose]());

async function build(dockerfile: string): Promise<void> {
  const folder = join(daemon.folder, 'context');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'f'), Buffer.alloc(5_000_000, 'x'));
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  await daemon.ok('build', '-q', '-t', 'counted', folder);
}

/** Number and size of the cache's entries, without those an image keeps as well. */
async function counted(): Promise<string> {
  const lines = await daemon.ok('system', 'df', '--format', '{{.Type}}: {{.TotalCount}} {{.Size}}');
  return /^Build Cache: (.*)$/m.exec(lines)![1]!;
}

const prune = async (...args: string[]) =>
  /Total reclaimed space: (.*)/.exec(await daemon.ok('builder', 'prune', '-f', ...args))![1];

test('docker system df counts the cache, docker builder prune takes what is asked for', async () => {
  await daemon.ok('builder', 'prune', '-af');
  await build(`FROM busybox AS a
COPY f /f
RUN --mount=type=cache,target=/c dd if=/dev/zero of=/c/z bs=1000 count=3000
FROM busybox
COPY --from=a /bin/sh /sh
RUN dd if=/dev/zero of=/big bs=1000 count=4000
`);
  // The file of the stage that is in no image, and the cache mount; the image's layers are its own.
  assert.equal(await counted(), '5 8MB');
  const cases: [args: string[], reclaimed: string, left: string][] = [
    [['--filter', 'until=1h'], '0B', '5 8MB'],
    [['--filter', 'unused-for=1h'], '0B', '5 8MB'],
    [['--filter', 'description=nothing like it'], '0B', '5 8MB'],
    [['--filter', 'type=exec.cachemount'], '3MB', '4 5MB'],
    [['--keep-storage', '6MB'], '0B', '4 5MB'],
    [['--keep-storage', '4MB'], '5MB', '2 0B'],
    [['-a'], '0B', '0 0B'],
  ];
  for (const [args, reclaimed, left] of cases) {
    assert.equal(await prune(...args), reclaimed, args.join(' '));
    assert.equal(await counted(), left, args.join(' '));
  }
  const wrong = await daemon.docker('builder', 'prune', '-f', '--filter', 'nope=1');
  assert.match(wrong.stderr, /invalid filter 'nope'/);
  assert.equal(await daemon.ok('run', '--rm', 'counted', 'stat', '-c', '%s', '/big'), '4000000');
});
