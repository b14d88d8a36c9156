import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { collect, digestOf, parseReference, streamOf } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import { listTags } from './listing.ts';
import { locationIn } from './locations.ts';
import { registrySink } from './registry-sink.ts';
import { registrySource } from './registry-source.ts';
import {
  impatientClient,
  type Script,
  type ScriptedReply,
  scriptedRegistry,
} from './scripted-registry.ts';

const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [],
});
const found = { headers: { 'content-type': mediaTypes.ociIndex }, body: manifest };
const blob = { mediaType: mediaTypes.ociLayer, digest: digestOf('0123456789'), size: 10 };

async function withSource(
  script: Script,
  work: (
    source: ReturnType<typeof registrySource>,
    registry: Awaited<ReturnType<typeof scriptedRegistry>>,
  ) => Promise<void>,
): Promise<void> {
  await using registry = await scriptedRegistry(script);
  using client = impatientClient();
  await work(registrySource(client, parseReference(`${registry.host}/a:b`)), registry);
}

describe('where a registry sends its clients', () => {
  for (const [from, location, insecure, to] of [
    ['https://a/v2/', '/v2/x', false, 'https://a/v2/x'],
    ['https://a/v2/', 'https://b/x', false, 'https://b/x'],
    ['https://a/v2/', 'http://b/x', false, undefined],
    ['https://a/v2/', 'http://b/x', true, 'http://b/x'],
    ['http://a/v2/', 'http://b/x', false, 'http://b/x'],
    ['http://a/v2/', 'file:///etc/passwd', true, undefined],
    ['http://a/v2/', 'data:text/plain,x', true, undefined],
    ['http://a/v2/', 'http://[', true, undefined],
  ] as const) {
    test(`${from} to ${location}${insecure ? ', insecure' : ''}: ${to ?? 'refused'}`, () => {
      const follow = () => locationIn(new URL(from), location, { insecure }).href;
      if (to === undefined) assert.throws(follow, { kind: 'invalid' });
      else assert.equal(follow(), to);
    });
  }

  test('an upload does not go to what is no web address', async () => {
    const headers = { location: 'file:///etc/passwd' };
    await using registry = await scriptedRegistry(({ method }) =>
      method === 'POST' ? { status: 202, headers } : undefined,
    );
    using client = impatientClient();
    const sink = registrySink(client, parseReference(`${registry.host}/a:b`));
    const put = sink.putBlob(blob, () => streamOf('0123456789'), {});
    await assert.rejects(put, { kind: 'invalid', message: /is not https$/ });
  });
});

describe('what a registry says', () => {
  test('steers no terminal', async () => {
    const headers = { 'www-authenticate': 'Bearer realm="http://HOST/token"' };
    const refusal = 'Bearer error="invalid_token",error_description="a\u009b2Jb"';
    const script: Script = ({ path, headers: { host } }): ScriptedReply => {
      if (path.startsWith('/token')) return { body: '{"token":"t"}' };
      if (path !== '/v2/') return { status: 401, headers: { 'www-authenticate': refusal } };
      const challenge = headers['www-authenticate'].replace('HOST', host!);
      return { status: 401, headers: { 'www-authenticate': challenge } };
    };
    await withSource(script, (source) =>
      assert.rejects(source.root(), { message: /^errors:\nunauthorized: a\ufffd2Jb\n/ }),
    );
  });

  test('warns without steering one either', async () => {
    const headers = { warning: '299 - "a\u009b2Jb"' };
    await using registry = await scriptedRegistry(() => ({ headers }));
    const warnings: string[] = [];
    using client = impatientClient({ onWarning: (text) => warnings.push(text) });
    await client.sessions(registry.host, 'pull')[0]!.ping();
    assert.deepEqual(warnings, ['a\ufffd2Jb']);
  });

  test('is no token when it cannot stand in a header', async () => {
    const script: Script = ({ path, headers: { host } }) => {
      if (path.startsWith('/token')) return { body: '{"token":"a\\r\\nx: y"}' };
      const challenge = `Bearer realm="http://${host}/token"`;
      return { status: 401, headers: { 'www-authenticate': challenge } };
    };
    await withSource(script, (source) => assert.rejects(source.root(), { kind: 'unauthorized' }));
  });

  test('is asked with no token that cannot stand in a header', async () => {
    await using registry = await scriptedRegistry(() => found);
    using client = impatientClient();
    const credentials = { username: '', password: '', registryToken: 'a\r\nx: y' };
    const reference = parseReference(`${registry.host}/a:b`);
    const root = registrySource(client, reference, { credentials }).root();
    await assert.rejects(root, { kind: 'invalid', message: /the token given for it is none/ });
  });

  test('is a list of names or none', async () => {
    const body = JSON.stringify({ tags: ['ok', 'a\u001b[2J'] });
    await using registry = await scriptedRegistry(() => ({ body }));
    using client = impatientClient();
    const tags = listTags(client, parseReference(`${registry.host}/a`));
    await assert.rejects(Array.fromAsync(tags), { kind: 'invalid' });
  });

  test('as the next page is read once', async () => {
    const link = `${'<'.repeat(60_000)}`;
    await using registry = await scriptedRegistry(() => ({
      headers: { link },
      body: '{"tags":["a"]}',
    }));
    using client = impatientClient();
    const tags = listTags(client, parseReference(`${registry.host}/a`));
    assert.deepEqual(await Array.fromAsync(tags), ['a']);
  });
});

test('a part of a blob that begins too late leaves no hole', async () => {
  const headers = { 'content-range': 'bytes 7-9/10' };
  const script: Script = ({ path }) =>
    path.includes('/blobs/') ? { status: 206, headers, body: '789' } : undefined;
  await withSource(script, (source) =>
    assert.rejects(collect(source.blob(blob, { offset: 5 }), 100), {
      kind: 'invalid',
      message: /bytes from 5 were asked for, later ones came/,
    }),
  );
});

describe('a registry that changes', () => {
  const wanted = `Basic ${Buffer.from('bob:secret').toString('base64')}`;
  const bob = { username: 'bob', password: 'secret' };

  /** Wants credentials once `state.isLocked`. */
  const lockable =
    (state: { isLocked: boolean; isBusy: boolean }): Script =>
    ({ path, headers }) => {
      if (state.isBusy) {
        state.isBusy = false;
        return { status: 503 };
      }
      if (state.isLocked && headers.authorization !== wanted) {
        return { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
      }
      return path === '/v2/' ? {} : found;
    };

  for (const [what, state] of [
    ['begins to want credentials gets them', { isLocked: false, isBusy: false }],
    ['was too busy to say what it wants is asked again', { isLocked: true, isBusy: true }],
  ] as const) {
    test(`and ${what}`, async () => {
      const now = { ...state };
      await using registry = await scriptedRegistry(lockable(now));
      using client = impatientClient();
      const reference = parseReference(`${registry.host}/a:b`);
      const source = registrySource(client, reference, { credentials: bob });
      await source.root();
      now.isLocked = true;
      await source.root();
      assert.equal(registry.seen.at(-1)?.headers.authorization, wanted);
    });
  }

  test('and is asked anew only so often', async () => {
    await using registry = await scriptedRegistry(({ path }) =>
      path === '/v2/' ? {} : { status: 401 },
    );
    using client = impatientClient();
    const source = registrySource(client, parseReference(`${registry.host}/a:b`));
    await assert.rejects(source.root(), { kind: 'unauthorized' });
    const asked = ['GET /v2/', 'GET /v2/a/manifests/b'];
    assert.deepEqual(registry.lines().slice(0, 4), [...asked, ...asked]);
    assert.ok(registry.lines().length <= 6, registry.lines().join(', '));
  });
});

test('a question about a large blob keeps its connection', async () => {
  await using registry = await scriptedRegistry(({ method, path }) =>
    method === 'HEAD' && path !== '/v2/' ? { headers: { 'content-length': 10e9 } } : undefined,
  );
  using client = impatientClient();
  const sink = registrySink(client, parseReference(`${registry.host}/a:b`));
  for (let asked = 0; asked < 5; asked++) assert.equal(await sink.hasBlob(blob), true);
  // One for the try of HTTPS, one or two for all the rest.
  assert.ok(registry.connections() <= 3, `${registry.connections()} connections`);
});
