import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
let dockerfile: string;

before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
  const context = join(daemon.folder, 'wasteful');
  mkdirSync(context);
  dockerfile = join(context, 'Dockerfile');
  writeFileSync(join(context, 'data'), 'x'.repeat(100_000));
  writeFileSync(
    dockerfile,
    'FROM busybox\nARG UNUSED=1\nCOPY data /app/data\nENV A=b\nRUN chown 1000 /app/data\nRUN rm /app/data\n',
  );
  await daemon.ok('build', '-q', '-t', 'wasteful', context);
});
after(() => daemon[Symbol.asyncDispose]());

test('an image of the daemon: waste by the lines of its Dockerfile', async () => {
  const { code, stdout, stderr } = await daemon.berth('analyze', 'wasteful', '-f', dockerfile);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^wasteful: linux\//);
  assert.match(stdout, /line 3: COPY data \/app\/data\n.*line 5: RUN chown 1000 \/app\/data/);
  assert.match(stdout, /COPY --chown=… in line 3/);
  assert.match(
    stdout,
    /line 5: RUN chown 1000 \/app\/data\n.*removed by line 6: RUN rm \/app\/data/,
  );
});

test('by id, judged by rules, and beside its base', async () => {
  const id = await daemon.ok('images', '-q', 'wasteful');
  const judged = await daemon.berth('analyze', id, '--ci', '--highestWastedBytes', '200kB');
  assert.equal(judged.code, 1, judged.stderr);
  assert.match(
    judged.stdout,
    /FAIL: highestWastedBytes: too many bytes wasted \(wasted-bytes=200000/,
  );
  const compared = await daemon.berth('analyze', 'busybox', 'wasteful');
  assert.match(compared.stdout, /^busybox → wasteful: /);
});

test('an image that nobody has', async () => {
  const { code, stderr } = await daemon.berth('analyze', '127.0.0.1:1/none:1');
  assert.equal(code, 1);
  assert.match(stderr, /the daemon has no image 127\.0\.0\.1:1\/none:1: pulling it\nberth: /);
});
