import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  copyImage,
  type Image,
  imageSource,
  layoutSink,
  mediaTypes,
} from '../../src/image/index.ts';
import { indexSource, sampleImage } from '../contract/sample-image.ts';
import { ok, run, type ServerProcess, startRegistry } from './registry/processes.ts';

/* Berth's registry and skopeo, whose library podman, buildah and cri-o share. */

const testdata = join(import.meta.dirname, '../../src/registry/testdata');
let folder: string;
let registry: ServerProcess;
let image: Image;
const open = ['--dest-tls-verify=false', '--src-tls-verify=false'];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-skopeo-'));
  registry = await startRegistry();
  // Layers that are not compressed, skopeo compresses on its way.
  image = await sampleImage({ compressions: ['gzip', 'gzip'] });
  const platform = { os: 'linux', architecture: 'amd64' };
  const sink = layoutSink(join(folder, 'layout'));
  await copyImage({ source: imageSource(image), sink, platform, tags: ['one'] });
  const other = await sampleImage({
    name: 'other',
    compressions: ['gzip'],
    platform: { os: 'linux', architecture: 'arm64' },
  });
  const { source } = indexSource([image, other]);
  await copyImage({ source, sink, allPlatforms: true, tags: ['index'] });
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const layout = (tag: string, name = 'layout') => `oci:${join(folder, name)}:${tag}`;
const remote = (name: string) => `docker://${registry.host}/${name}`;
const copy = (...args: string[]) => ok('skopeo', ['copy', '-q', ...open, ...args]);
const inspect = async (name: string, ...args: string[]) =>
  ok('skopeo', ['inspect', '--tls-verify=false', ...args, remote(name)]);

test('an image goes there and back with its digest', async () => {
  await copy(layout('one'), remote('skopeo/app:v1'));
  const raw = await inspect('skopeo/app:v1', '--raw');
  assert.equal(raw, Buffer.from(image.rawManifest.bytes).toString());
  await copy(remote('skopeo/app:v1'), layout('one', 'back'));
  const digest = image.rawManifest.descriptor.digest;
  await copy(remote(`skopeo/app@${digest}`), layout('two', 'back'));
});

test('an image in Docker’s format keeps its types', async () => {
  await copy('--format=v2s2', layout('one'), remote('skopeo/app:docker'));
  const { mediaType, config } = JSON.parse(await inspect('skopeo/app:docker', '--raw'));
  assert.equal(mediaType, mediaTypes.dockerManifest);
  assert.equal(config.mediaType, mediaTypes.dockerConfig);
  await copy(remote('skopeo/app:docker'), `docker-archive:${join(folder, 'saved.tar')}:x:y`);
});

test('an index goes with all its images', async () => {
  await copy('--all', layout('index'), remote('skopeo/multi:v1'));
  const { manifests } = JSON.parse(await inspect('skopeo/multi:v1', '--raw'));
  assert.equal(manifests.length, 2);
  const arm = await inspect('skopeo/multi:v1', '--override-arch=arm64').catch(() =>
    ok('skopeo', [
      '--override-arch=arm64',
      'inspect',
      '--tls-verify=false',
      remote('skopeo/multi:v1'),
    ]),
  );
  assert.equal(JSON.parse(arm).Architecture, 'arm64');
  await copy('--all', remote('skopeo/multi:v1'), layout('index', 'back'));
});

test('between two repositories, blobs are mounted or found', async () => {
  await copy(remote('skopeo/app:v1'), remote('skopeo/mounted:v1'));
  await copy(remote('skopeo/mounted:v1'), layout('mounted', 'back'));
});

test('tags are listed and images deleted', async () => {
  for (const tag of ['b', 'a']) await copy(layout('one'), remote(`skopeo/tags:${tag}`));
  const list = await ok('skopeo', ['list-tags', '--tls-verify=false', remote('skopeo/tags')]);
  assert.deepEqual(JSON.parse(list).Tags, ['a', 'b']);
  await ok('skopeo', ['delete', '--tls-verify=false', remote('skopeo/tags:a')]);
  const gone = await run('skopeo', ['inspect', '--tls-verify=false', remote('skopeo/tags:b')]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /manifest unknown/);
});

test('ten copies at once', async () => {
  const names = Array.from({ length: 10 }, (_, index) =>
    remote(`skopeo/parallel${index % 3}:${index}`),
  );
  await Promise.all(names.map((name) => copy(layout('one'), name)));
  await Promise.all(
    names.map((name, index) => copy(name, layout(`p${index}`, `parallel${index}`))),
  );
});

describe('with users', () => {
  let locked: ServerProcess;
  before(async () => {
    locked = await startRegistry({ users: { root: 'rootpw', bob: 'bobpw' } });
  });
  after(() => locked[Symbol.asyncDispose]());
  const at = (name: string) => `docker://${locked.host}/${name}`;

  test('credentials open what they may', async () => {
    await copy('--dest-creds=bob:bobpw', layout('one'), at('bob/app:v1'));
    await copy('--src-creds=bob:bobpw', at('bob/app:v1'), layout('bob', 'back'));
    await copy('--dest-creds=root:rootpw', layout('one'), at('other:v1'));
  });

  for (const [what, args, message] of [
    ['no credentials', [], /denied|unauthorized/],
    ['a wrong password', ['--dest-creds=bob:no'], /incorrect username or password|unauthorized/],
    ['no right', ['--dest-creds=bob:bobpw'], /denied|unauthorized/],
  ] as const) {
    test(`${what} is refused`, async () => {
      const args_ = ['copy', '-q', ...open, ...args, layout('one'), at('foreign/app:v1')];
      const { code, stderr } = await run('skopeo', args_);
      assert.equal(code, 1);
      assert.match(stderr, message);
    });
  }

  test('login and logout', async () => {
    const auth = ['--authfile', join(folder, 'auth.json'), '--tls-verify=false'];
    const login = (password: string) =>
      run('skopeo', ['login', ...auth, '-u', 'bob', '-p', password, locked.host]);
    assert.equal((await login('wrong')).code, 1);
    assert.match((await login('bobpw')).stdout, /Login Succeeded/);
    await ok('skopeo', ['inspect', ...auth, at('bob/app:v1')]);
    await ok('skopeo', ['logout', '--authfile', join(folder, 'auth.json'), locked.host]);
  });
});

test('TLS with an authority of one’s own', async () => {
  const tls = { certPath: join(testdata, 'server.crt'), keyPath: join(testdata, 'server.key') };
  await using secure = await startRegistry({ tls });
  const certs = join(folder, 'certs');
  mkdirSync(certs);
  await copyFile(join(testdata, 'ca.crt'), join(certs, 'ca.crt'));
  const target = `docker://${secure.host}/secure/app:v1`;
  await ok('skopeo', ['copy', '-q', `--dest-cert-dir=${certs}`, layout('one'), target]);
  const distrusted = await run('skopeo', ['copy', '-q', layout('one'), target]);
  assert.equal(distrusted.code, 1);
  assert.match(distrusted.stderr, /x509/);
});
