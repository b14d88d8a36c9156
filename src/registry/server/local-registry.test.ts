import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { digestOf, parseReference, streamOf } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import { hashPassword } from '../auth/passwords.ts';
import { createRegistryAccess } from '../auth/registry-access.ts';
import { defaultPolicy } from '../auth/rights.ts';
import { memoryUsers } from '../auth/users.ts';
import type { RepositoryName } from '../repository-name.ts';
import type { RegistryEvent } from './events.ts';
import { openLocalRegistry } from './local-registry.ts';
import { memoryStorage } from './memory-storage.ts';

const users = memoryUsers();
await users.save({ name: 'bob', passwordHash: await hashPassword('bobpw'), admin: false });
const bob = { username: 'bob', password: 'bobpw' };
const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const policy = defaultPolicy({ pull: false, push: false });
const access = createRegistryAccess({ users, policy, key, service: 'berth' });

const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [] }));
const descriptor = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
const blob = { mediaType: mediaTypes.ociLayer, digest: digestOf('layer'), size: 5 };
const named = (name: string) => parseReference(`localhost:5000/${name}`);

test('content the storage has is adopted, not sent', async () => {
  const storage = memoryStorage();
  const elsewhere = 'other' as RepositoryName;
  await using upload = await storage.uploads.create(elsewhere);
  await upload.write(Buffer.from('layer'));
  await upload.commit(blob.digest);
  const events: RegistryEvent[] = [];
  const registry = openLocalRegistry({ storage, access, onEvent: (event) => events.push(event) });
  const sink = registry.sink(named('bob/app:v1'), bob);
  assert.equal(await sink.hasBlob(blob), true);
  assert.equal(await storage.blobs.sizeOf('bob/app' as RepositoryName, blob.digest), 5);
  await sink.putManifest({ descriptor, bytes }, { tags: ['v1'] });
  assert.deepEqual(events, [
    { kind: 'push', repository: 'bob/app', digest: descriptor.digest, user: 'bob', tag: 'v1' },
  ]);
});

test('an identity token is as good as the password', async () => {
  const { body } = await access.token({
    authorization: `Basic ${btoa('bob:bobpw')}`,
    clientAddress: 'x',
    origin: 'x',
    method: 'GET',
    parameters: new URLSearchParams({ offline_token: 'true' }),
  });
  const { refresh_token: identityToken } = body as { refresh_token: string };
  const registry = openLocalRegistry({ storage: memoryStorage(), access });
  const credentials = { username: '', password: '', identityToken };
  const sink = registry.sink(named('bob/app:v1'), credentials);
  await sink.putBlob(blob, () => streamOf('layer'), {});
  const denied = registry.sink(named('team/app:v1'), credentials);
  await assert.rejects(denied.hasBlob(blob), { kind: 'forbidden' });
});

for (const [what, credentials, message] of [
  ['nobody', undefined, 'denied: requested access to the resource is denied'],
  ['a user without the right', bob, 'denied: requested access to the resource is denied'],
  ['a wrong password', { ...bob, password: 'x' }, 'unauthorized: incorrect username or password'],
  [
    'an old identity token',
    { username: '', password: '', identityToken: 'x' },
    'unauthorized: the refresh token is not valid any more: log in again',
  ],
] as const) {
  test(`a push by ${what}: ${message}`, async () => {
    const registry = openLocalRegistry({ storage: memoryStorage(), access });
    const sink = registry.sink(named('team/app:v1'), credentials);
    await assert.rejects(sink.hasBlob(blob), { message });
    await assert.rejects(
      sink.putBlob(blob, () => streamOf('layer'), {}),
      { message },
    );
    await assert.rejects(sink.putManifest({ descriptor, bytes }, { tags: ['v1'] }), { message });
  });
}

test('a pull is refused, and misses, in Docker’s words', async () => {
  const registry = openLocalRegistry({ storage: memoryStorage(), access });
  await assert.rejects(registry.source(named('app:v1')).root(), {
    kind: 'not-found',
    message: /^pull access denied for localhost:5000\/app, repository does not exist/,
  });
  await assert.rejects(registry.source(named('app:v1'), bob).root(), {
    kind: 'not-found',
    message: 'manifest for localhost:5000/app:v1 not found: manifest unknown: manifest unknown',
  });
});
