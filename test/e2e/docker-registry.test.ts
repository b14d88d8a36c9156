import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
let image: string;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
  image = `${daemon.registry}/team/busybox:1`;
  await daemon.ok('tag', 'busybox', image);
});
after(() => daemon[Symbol.asyncDispose]());

const login = (password: string) =>
  daemon.run('docker', ['login', '-u', 'alice', '--password-stdin', daemon.registry], {
    input: password,
  });

test('without a login nothing is given or taken', async () => {
  const push = await daemon.docker('push', image);
  assert.equal(push.code, 1);
  assert.match(push.stderr + push.stdout, /no basic auth credentials|unauthorized|denied/);
  assert.match(
    (await daemon.docker('pull', `${daemon.registry}/team/none`)).stderr,
    /denied|unauthorized/,
  );
});

test('login with a wrong and with the right password', async () => {
  await daemon.run(
    join(import.meta.dirname, '../../bin/berth'),
    ['user', 'add', 'alice', '--admin', '--password-stdin'],
    { input: 's3cret' },
  );
  const wrong = await login('wrong');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /unauthorized/);
  const right = await login('s3cret');
  assert.equal(right.code, 0, right.stderr);
  assert.match(right.stdout, /Login Succeeded/);
});

test('push, remove, pull by digest and tag, run', async () => {
  const pushed = await daemon.ok('push', image);
  assert.match(pushed, /The push refers to repository/);
  const digest = /digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(pushed)![1]!;
  const id = await daemon.ok('inspect', '-f', '{{.Id}}', image);
  assert.match(await daemon.ok('push', image), /Layer already exists/);
  await daemon.ok('rmi', '-f', 'busybox', image);
  const byDigest = `${daemon.registry}/team/busybox@${digest}`;
  assert.match(await daemon.ok('pull', byDigest), new RegExp(`Digest: ${digest}`));
  assert.equal(await daemon.ok('inspect', '-f', '{{.Id}}', byDigest), id);
  assert.match(
    await daemon.ok('pull', image),
    /Status: (Downloaded newer image|Image is up to date) for/,
  );
  await daemon.ok('tag', image, 'busybox');
  assert.equal(await daemon.ok('run', '--rm', byDigest, 'echo', 'hi'), 'hi');
});

test('run pulls an image that is missing', async () => {
  await daemon.ok('rmi', '-f', 'busybox', image);
  const { stdout, stderr, code } = await daemon.docker('run', '--rm', image, 'echo', 'hi');
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'hi\n');
  assert.match(stderr, /Unable to find image '.*' locally[\s\S]*Pulling from team\/busybox/);
});

test('what is not there, in words docker uses', async () => {
  assert.match(
    (await daemon.docker('pull', `${daemon.registry}/team/busybox:none`)).stderr,
    /manifest for .*:none not found: manifest unknown/,
  );
  const unknown = await daemon.docker(
    'pull',
    `${daemon.registry}/team/busybox@sha256:${'0'.repeat(64)}`,
  );
  assert.match(unknown.stderr, /manifest unknown|not found/);
  assert.match((await daemon.docker('rmi', 'none')).stderr, /No such image: none:latest/);
});

test('skopeo copies both ways', async () => {
  const to = join(daemon.folder, 'layout');
  const creds = 'alice:s3cret';
  const skopeo = (...args: string[]) => daemon.run('skopeo', args);
  const out = await skopeo(
    'copy',
    '--src-creds',
    creds,
    '--src-tls-verify=false',
    `docker://${image}`,
    `oci:${to}:x`,
  );
  assert.equal(out.code, 0, out.stderr);
  const back = await skopeo(
    'copy',
    '--dest-creds',
    creds,
    '--dest-tls-verify=false',
    `oci:${to}:x`,
    `docker://${daemon.registry}/team/copy:1`,
  );
  assert.equal(back.code, 0, back.stderr);
  assert.match(await daemon.ok('pull', '-q', `${daemon.registry}/team/copy:1`), /team\/copy:1/);
});

test('save and load', async () => {
  const archive = join(daemon.folder, 'saved.tar');
  await daemon.ok('save', '-o', archive, image);
  const id = await daemon.ok('inspect', '-f', '{{.Id}}', image);
  const inspected = await daemon.run('skopeo', ['inspect', `docker-archive:${archive}`]);
  assert.equal(inspected.code, 0, inspected.stderr);
  const all = await daemon.ok('images', '-q', '--no-trunc');
  await daemon.ok('rmi', '-f', ...new Set(all.split('\n')));
  assert.match(await daemon.ok('load', '-i', archive), /Loaded image: .*team\/busybox:1/);
  assert.equal(await daemon.ok('inspect', '-f', '{{.Id}}', image), id);
});
