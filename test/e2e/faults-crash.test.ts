import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildBusybox } from './harness/busybox.ts';
import { startClient, until } from './harness/client-process.ts';
import {
  craftImage,
  type StubRegistry,
  startStubRegistry,
  tarOf,
} from './harness/crafted-image.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';
import { processesOf, unfinishedWork, wiresOf } from './harness/left-behind.ts';

let daemon: TestDaemon;
let registry: StubRegistry;
before(async () => {
  daemon = await startDaemon();
  registry = await startStubRegistry();
  await buildBusybox(daemon);
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
});

/** As before the fault: what was stored works, and nothing of the half-done work is there. */
async function assertWhole(): Promise<void> {
  assert.equal(await daemon.ok('run', '--rm', 'busybox', 'echo', 'whole'), 'whole');
  const remains = () => [
    ...unfinishedWork(daemon.folder),
    ...processesOf(daemon.folder),
    ...wiresOf(daemon.bridge),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(daemon.folder)),
  ];
  await until('all half-done work is gone', () => remains().length === 0, {
    limitMs: 5000,
  }).catch(() => assert.deepEqual(remains(), []));
}

function contextOf(name: string, dockerfile: string): string {
  const folder = join(daemon.folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  return folder;
}

test('killed in the middle of a build: the step goes, the steps before stay', async () => {
  const context = contextOf(
    'build',
    'FROM busybox\nRUN date +%N >/a\nRUN --mount=type=cache,target=/c test -e /go || { echo at work; exec sleep 7531; }\n',
  );
  const build = startClient(daemon, 'build', '-t', 'half', context);
  await build.says(/^at work$/m);
  const firstLayer = /Step 2\/3[\s\S]*?---> ([0-9a-f]{12})\nStep 3/.exec(build.output())?.[1];
  await daemon.kill();
  assert.notEqual(await build.ended, 0);
  await daemon.start();
  await assertWhole();
  assert.equal((await daemon.docker('image', 'inspect', 'half')).code, 1);
  assert.doesNotMatch(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }), /sleep 7531/);
  const again = startClient(daemon, 'build', context);
  await again.says(/^at work$/m);
  assert.match(again.output(), new RegExp(`Using cache\\n ---> ${firstLayer}`));
  again.child.kill('SIGINT');
  await again.ended;
  await assertWhole();
});

test('killed in the middle of a pull: the next pull brings it whole', async () => {
  const busybox = readFileSync('/bin/busybox');
  const layers = [
    tarOf([
      { name: 'bin/', type: '5' },
      { name: 'bin/busybox', data: busybox },
    ]),
    tarOf([{ name: 'large', data: randomBytes(3 << 20) }]),
  ];
  const image = craftImage(layers, { cmd: ['/bin/busybox', 'sha256sum', '/large'] });
  registry.images.set('half/pulled', image);
  registry.intercept = (digest, response, bytes) => {
    if (digest !== image.layers[1] || !bytes) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 2 << 20)); // and no more
    return true;
  };
  const name = `${registry.address}/half/pulled`;
  const ids = () => daemon.ok('images', '-aq', '--no-trunc');
  const before = await ids();
  const pull = startClient(daemon, 'pull', name);
  await until('the layer is asked for', () =>
    registry.requests.some((line) => line.startsWith('GET') && line.includes(image.layers[1]!)),
  );
  await until('some of it has arrived', () => unfinishedWork(daemon.folder).length > 0);
  await daemon.kill();
  assert.notEqual(await pull.ended, 0);
  registry.intercept = () => false;
  await daemon.start();
  assert.equal(await ids(), before);
  await daemon.ok('pull', name);
  const sum = await daemon.ok('run', '--rm', name);
  const expected = execFileSync('sha256sum', { input: layers[1]!.subarray(512, 512 + (3 << 20)) });
  assert.equal(sum.split(' ')[0], expected.toString().split(' ')[0]);
  await daemon.ok('rmi', name);
  await assertWhole();
});

test('killed in the middle of a push: the image stays, the next push works', async () => {
  const name = `${registry.address}/half/pushed`;
  await daemon.ok('tag', 'busybox', name);
  const push = startClient(daemon, 'push', name);
  await until('a layer is on its way', () =>
    registry.requests.some((line) => /^(PATCH|PUT)/.test(line)),
  );
  await daemon.kill();
  assert.notEqual(await push.ended, 0);
  await daemon.start();
  await assertWhole();
  assert.equal(
    await daemon.ok('inspect', '-f', '{{.Id}}', name),
    await daemon.ok('inspect', '-f', '{{.Id}}', 'busybox'),
  );
  await daemon.ok('rmi', name);
});

test('killed while its own registry takes a push: the upload can be finished', async () => {
  const added = await daemon.run(
    join(import.meta.dirname, '../../bin/berth'),
    ['user', 'add', 'pusher', '--admin', '--password-stdin'],
    { input: 's3cret' },
  );
  assert.equal(added.code, 0, added.stderr);
  const authorization = `Basic ${Buffer.from('pusher:s3cret').toString('base64')}`;
  const at = (path: string) => new URL(path, `http://${daemon.registry}`);
  const token = await bearerToken(authorization);
  const headers = { authorization: `Bearer ${token}` };
  const begun = await fetch(at('/v2/half/way/blobs/uploads/'), { method: 'POST', headers });
  assert.equal(begun.status, 202);
  const upload = at(begun.headers.get('location')!);
  const bytes = randomBytes(1 << 20);
  const first = await fetch(upload, {
    method: 'PATCH',
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    body: bytes.subarray(0, 1 << 19),
  });
  assert.equal(first.status, 202);
  await daemon.kill();
  await daemon.start();
  const state = await fetch(at(first.headers.get('location')!), {
    headers: { authorization: `Bearer ${await bearerToken(authorization)}` },
  });
  assert.ok([204, 404].includes(state.status), `${state.status}`);
  if (state.status === 404) await assertWhole();
  else {
    assert.equal(state.headers.get('range'), `0-${(1 << 19) - 1}`);
    await fetch(at(state.headers.get('location')!), {
      method: 'DELETE',
      headers: { authorization: `Bearer ${await bearerToken(authorization)}` },
    });
    await assertWhole();
  }

  async function bearerToken(authorization: string): Promise<string> {
    const url = at('/token?service=&scope=repository:half/way:pull,push');
    const challenge = await fetch(at('/v2/'));
    const realm = /realm="([^"]+)"/.exec(challenge.headers.get('www-authenticate') ?? '')?.[1];
    const service = /service="([^"]+)"/.exec(challenge.headers.get('www-authenticate') ?? '')?.[1];
    const asked = new URL(realm ?? url);
    asked.searchParams.set('service', service ?? '');
    asked.searchParams.set('scope', 'repository:half/way:pull,push');
    const answer = await fetch(asked, { headers: { authorization } });
    return ((await answer.json()) as { token: string }).token;
  }
});

test('killed at every moment of a run: containers are there or not, never half', async () => {
  for (const delayMs of [0, 30, 60, 90, 120, 160, 200]) {
    const run = startClient(daemon, 'run', '--name', `at-${delayMs}`, 'busybox', 'sleep', '0.1');
    await sleep(delayMs); // the moment of the fault, not a wait for anything
    await daemon.kill();
    await run.ended;
    await daemon.start();
    const state = await daemon.docker('inspect', '-f', '{{.State.Status}}', `at-${delayMs}`);
    if (state.code === 0) {
      assert.match(state.stdout, /^(created|running|exited)$/m);
      if (!state.stdout.startsWith('created')) await daemon.ok('wait', `at-${delayMs}`);
      await daemon.ok('start', '-a', `at-${delayMs}`);
      await daemon.ok('rm', `at-${delayMs}`);
    }
  }
  assert.equal(await daemon.ok('ps', '-aq'), '');
  await assertWhole();
});
