import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { copyImage, imageSource, layoutSink } from '../../src/image/index.ts';
import { archiveOf, noise, sampleImage } from '../contract/sample-image.ts';
import { type DockerDaemon, startDockerDaemon } from './registry/docker-daemon.ts';
import { ok, type ServerProcess, startRegistry } from './registry/processes.ts';

/* Berth's registry with users, and other people's engines: dockerd, buildah, podman. */

let registry: ServerProcess;
let folder: string;
before(async () => {
  registry = await startRegistry({ users: { root: 'rootpw', bob: 'bobpw' } });
  folder = mkdtempSync(join(tmpdir(), 'berth-engines-'));
  const files = { hello: 'hello', large: noise(5_000_000, 'engines') };
  writeFileSync(join(folder, 'root.tar'), archiveOf(files));
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

describe('dockerd', () => {
  let engine: DockerDaemon;
  before(async () => {
    engine = await startDockerDaemon();
    await engine.ok('import', join(folder, 'root.tar'), 'small');
  });
  after(() => engine[Symbol.asyncDispose]());
  const login = (password: string) =>
    engine.docker('login', '-u', 'bob', '-p', password, registry.host);

  test('is refused without a login', async () => {
    const name = `${registry.host}/bob/small:v1`;
    await engine.ok('tag', 'small', name);
    const push = await engine.docker('push', name);
    assert.equal(push.code, 1);
    assert.match(push.stderr, /denied: requested access to the resource is denied/);
    const pull = await engine.docker('pull', `${registry.host}/bob/none`);
    assert.match(
      pull.stderr,
      /pull access denied for .*\/bob\/none, repository does not exist or may require 'docker login'/,
    );
  });

  test('logs in, with the right password only', async () => {
    const wrong = await login('wrong');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /unauthorized: incorrect username or password/);
    assert.match((await login('bobpw')).stdout, /Login Succeeded/);
  });

  test('pushes, finds its layers there, pulls by tag and digest', async () => {
    const name = `${registry.host}/bob/small:v1`;
    const pushed = await engine.ok('push', name);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(pushed)?.[1];
    assert.ok(digest, pushed);
    assert.match(await engine.ok('push', name), /Layer already exists/);
    const other = `${registry.host}/bob/other:v1`;
    await engine.ok('tag', name, other);
    assert.match(await engine.ok('push', other), /Mounted from bob\/small/);
    await engine.ok('rmi', name, other, 'small');
    await engine.ok('pull', name);
    await engine.ok('pull', `${registry.host}/bob/small@${digest}`);
  });

  test('is told what is not there', async () => {
    const { stderr } = await engine.docker('pull', `${registry.host}/bob/small:none`);
    assert.match(
      stderr,
      /manifest for .*\/bob\/small:none not found: manifest unknown: manifest unknown/,
    );
  });

  test('may not push where its user may not', async () => {
    await engine.ok('tag', `${registry.host}/bob/small:v1`, `${registry.host}/team/small:v1`);
    const { stderr } = await engine.docker('push', `${registry.host}/team/small:v1`);
    assert.match(stderr, /denied: requested access to the resource is denied/);
  });
});

for (const tool of ['buildah', 'podman'] as const) {
  test(`${tool} pushes and pulls`, async () => {
    const storage = ['--root', join(folder, tool), '--runroot', join(folder, `${tool}-run`)];
    const call = (...args: string[]) => ok(tool, [...storage, '--storage-driver', 'vfs', ...args]);
    const name = `${registry.host}/bob/${tool}:v1`;
    const options = ['--tls-verify=false', '--creds', 'bob:bobpw'];
    await call('pull', `docker-archive:${await savedImage()}`);
    await call('push', ...options, 'localhost/small:v1', `docker://${name}`);
    await call('rmi', '--all', '--force');
    await call('pull', ...options, name);
    assert.match(await call('images'), new RegExp(`bob/${tool}`));
  });
}

/** The image as an archive, made by skopeo from an OCI layout of Berth's. */
async function savedImage(): Promise<string> {
  const path = join(folder, 'small.tar');
  rmSync(path, { force: true });
  const image = await sampleImage({ compressions: ['gzip'] });
  const platform = { os: 'linux', architecture: 'amd64' };
  const sink = layoutSink(join(folder, 'layout'));
  await copyImage({ source: imageSource(image), sink, platform, tags: ['v1'] });
  const layout = `oci:${join(folder, 'layout')}:v1`;
  await ok('skopeo', ['copy', '-q', layout, `docker-archive:${path}:localhost/small:v1`]);
  return path;
}
