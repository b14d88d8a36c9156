import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { collect, digestOf, parseReference, streamOf } from '../core/index.ts';
import { type Descriptor, mediaTypes } from '../image/index.ts';
import { hashPassword } from './auth/passwords.ts';
import {
  checkLogin,
  createRegistryAccess,
  createRegistryClient,
  createRegistryServer,
  defaultPolicy,
  listRepositories,
  listTags,
  memoryStorage,
  memoryUsers,
  openAccess,
  registrySink,
  registrySource,
} from './index.ts';
import type { RegistryServerOptions } from './server/registry-server.ts';

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));
const describeBytes = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});
const layer = Buffer.alloc(3_000_000, 'a layer of no particular kind ');
const config = bytesOf({ architecture: 'amd64', os: 'linux' });
const manifest = bytesOf({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: describeBytes(mediaTypes.ociConfig, config),
  layers: [describeBytes(mediaTypes.ociLayer, layer)],
});
const image = { descriptor: describeBytes(mediaTypes.ociManifest, manifest), bytes: manifest };

async function withRegistry(
  options: Partial<RegistryServerOptions>,
  work: (host: string) => Promise<void>,
): Promise<void> {
  const server = createRegistryServer({
    storage: memoryStorage(),
    access: openAccess,
    onError: (error) => {
      throw error;
    },
    ...options,
  });
  const host = await server.listen('127.0.0.1:0');
  try {
    await work(host);
  } finally {
    await server.close({ graceMs: 0 });
  }
}

type Client = ReturnType<typeof createRegistryClient>;

async function push(
  client: Client,
  name: string,
  options: Parameters<typeof registrySink>[2] = {},
) {
  const reference = parseReference(name);
  const sink = registrySink(client, reference, options);
  for (const bytes of [layer, config]) {
    const descriptor = describeBytes(mediaTypes.ociLayer, bytes);
    if (await sink.hasBlob(descriptor)) continue;
    await sink.putBlob(descriptor, (offset) => streamOf(bytes.subarray(offset)), {});
  }
  await sink.putManifest(image, { tags: [reference.tag ?? 'latest'] });
}

async function pull(
  client: Client,
  name: string,
  options: Parameters<typeof registrySource>[2] = {},
) {
  const source = registrySource(client, parseReference(name), options);
  const root = await source.root();
  const blob = describeBytes(mediaTypes.ociLayer, layer);
  const content = await collect(source.blob(blob, { offset: 0 }), 1e9);
  assert.ok(content.equals(layer));
  return root;
}

test('what is pushed is pulled, by tag and by digest', () =>
  withRegistry({}, async (host) => {
    using client = createRegistryClient();
    await push(client, `${host}/team/app:v1`);
    assert.deepEqual((await pull(client, `${host}/team/app:v1`)).descriptor, image.descriptor);
    const byDigest = await pull(client, `${host}/team/app@${image.descriptor.digest}`);
    assert.ok(Buffer.from(byDigest.bytes).equals(manifest));
    await push(client, `${host}/team/app:v2`, { mountFrom: () => ['team/other'] });
    const tags = listTags(client, parseReference(`${host}/team/app`));
    assert.deepEqual(await Array.fromAsync(tags), ['v1', 'v2']);
    assert.deepEqual(await Array.fromAsync(listRepositories(client, host)), ['team/app']);
  }));

test('many pushes and pulls at once', () =>
  withRegistry({}, async (host) => {
    using client = createRegistryClient();
    const names = Array.from(
      { length: 20 },
      (_, index) => `${host}/team/app${index % 4}:v${index}`,
    );
    await Promise.all(names.map((name) => push(client, name)));
    await Promise.all(names.map((name) => pull(client, name)));
  }));

describe('with users', async () => {
  const users = memoryUsers();
  await users.save({ name: 'root', passwordHash: await hashPassword('rootpw'), admin: true });
  await users.save({ name: 'bob', passwordHash: await hashPassword('bobpw'), admin: false });
  const bob = { username: 'bob', password: 'bobpw' };
  const root = { username: 'root', password: 'rootpw' };
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const access = (anonymous = { pull: false, push: false }) =>
    createRegistryAccess({ users, policy: defaultPolicy(anonymous), key, service: 'berth' });

  test('login, push to one’s own place, pull', () =>
    withRegistry({ access: access() }, async (host) => {
      using client = createRegistryClient();
      const { identityToken } = await checkLogin(client, `http://${host}/`, bob);
      assert.equal(typeof identityToken, 'string');
      await push(client, `${host}/bob/app:v1`, { credentials: bob });
      const byToken = { username: '', password: '', identityToken };
      await pull(client, `${host}/bob/app:v1`, { credentials: byToken });
      const seen = listRepositories(client, host, { credentials: root });
      assert.deepEqual(await Array.fromAsync(seen), ['bob/app']);
    }));

  test('a mount takes the right to both repositories', () =>
    withRegistry({ access: access() }, async (host) => {
      using client = createRegistryClient();
      await push(client, `${host}/team/secret:v1`, { credentials: root });
      await push(client, `${host}/bob/app:v1`, {
        credentials: bob,
        mountFrom: () => ['team/secret'],
      });
      await pull(client, `${host}/bob/app:v1`, { credentials: bob });
    }));

  for (const [what, name, credentials, message] of [
    ['nobody', 'app:v1', undefined, 'denied: requested access to the resource is denied'],
    ['somebody else', 'other/app:v1', bob, 'denied: requested access to the resource is denied'],
    [
      'a wrong password',
      'bob/app:v1',
      { ...bob, password: 'wrong' },
      'unauthorized: incorrect username or password',
    ],
  ] as const) {
    test(`a push by ${what} is refused`, () =>
      withRegistry({ access: access() }, async (host) => {
        using client = createRegistryClient();
        await assert.rejects(push(client, `${host}/${name}`, { credentials }), { message });
      }));
  }

  test('a pull by nobody is refused in Docker’s words, unless it is open', async () => {
    await withRegistry({ access: access() }, async (host) => {
      using client = createRegistryClient();
      await assert.rejects(pull(client, `${host}/app:v1`), {
        kind: 'not-found',
        message: `pull access denied for ${host}/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`,
      });
    });
    await withRegistry({ access: access({ pull: true, push: false }) }, async (host) => {
      using client = createRegistryClient();
      await push(client, `${host}/app:v1`, { credentials: root });
      await pull(client, `${host}/app:v1`);
      await assert.rejects(push(client, `${host}/app:v1`), { kind: 'forbidden' });
    });
  });

  test('an image that is not there', () =>
    withRegistry({ access: access() }, async (host) => {
      using client = createRegistryClient();
      await assert.rejects(pull(client, `${host}/bob/app:v1`, { credentials: bob }), {
        kind: 'not-found',
        message: `manifest for ${host}/bob/app:v1 not found: manifest unknown: manifest unknown`,
      });
    }));

  test('a wrong password at login', () =>
    withRegistry({ access: access() }, async (host) => {
      using client = createRegistryClient();
      await assert.rejects(checkLogin(client, host, { ...bob, password: 'x' }), {
        kind: 'unauthorized',
        message: `Get "http://${host}/v2/": unauthorized: incorrect username or password`,
      });
    }));
});
