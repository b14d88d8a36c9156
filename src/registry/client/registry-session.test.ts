import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { collect, digestOf, parseReference } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import { listRepositories, listTags } from './listing.ts';
import { checkLogin } from './login.ts';
import { registrySource } from './registry-source.ts';
import {
  impatientClient,
  type Script,
  type ScriptedReply,
  type SeenRequest,
  scriptedRegistry,
} from './scripted-registry.ts';

const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [],
});
const found = { headers: { 'content-type': mediaTypes.ociIndex }, body: manifest };
const bob = { username: 'bob', password: 'secret' };
const basic = `Basic ${Buffer.from('bob:secret').toString('base64')}`;

/** A registry that wants tokens from its own `/token`, and lets in whoever has the current one. */
function tokenRegistry(options: { rejectPassword?: boolean; refreshToken?: string } = {}) {
  const state = { token: 'one', host: '' };
  const challenge = (scope: string, error = '') => ({
    status: 401,
    headers: {
      'www-authenticate': `Bearer realm="http://${state.host}/token",service="s",scope="${scope}"${error}`,
    },
    body: JSON.stringify({
      errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }],
    }),
  });
  const script: Script = ({ path, headers }) => {
    if (path.startsWith('/token')) {
      if (options.rejectPassword) {
        const errors = [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }];
        return { status: 401, body: JSON.stringify({ errors }) };
      }
      const refresh = options.refreshToken && { refresh_token: options.refreshToken };
      return { body: JSON.stringify({ token: state.token, expires_in: 300, ...refresh }) };
    }
    if (headers.authorization !== `Bearer ${state.token}`) {
      const wasGiven = headers.authorization !== undefined;
      return challenge('repository:a:pull', wasGiven ? ',error="invalid_token"' : '');
    }
    return path === '/v2/' ? {} : found;
  };
  return { state, script };
}

async function withTokens(
  options: Parameters<typeof tokenRegistry>[0],
  work: (context: {
    registry: Awaited<ReturnType<typeof scriptedRegistry>>;
    state: { token: string };
    client: ReturnType<typeof impatientClient>;
  }) => Promise<void>,
): Promise<void> {
  const { state, script } = tokenRegistry(options);
  await using registry = await scriptedRegistry(script);
  state.host = registry.host;
  using client = impatientClient();
  await work({ registry, state, client });
}

const tokenRequests = (seen: readonly SeenRequest[]) =>
  seen.filter(({ path }) => path.startsWith('/token'));

describe('bearer tokens', () => {
  test('are fetched once for all requests of a scope', () =>
    withTokens({}, async ({ registry, client }) => {
      const source = registrySource(client, parseReference(`${registry.host}/a:b`), {
        credentials: bob,
      });
      await Promise.all([source.root(), source.root(), source.root()]);
      const [token, ...others] = tokenRequests(registry.seen);
      assert.equal(others.length, 0);
      assert.equal(token?.path, '/token?service=s&scope=repository%3Aa%3Apull&account=bob');
      assert.equal(token?.headers.authorization, basic);
    }));

  test('are fetched without a name when there is none', () =>
    withTokens({}, async ({ registry, client }) => {
      await registrySource(client, parseReference(`${registry.host}/a:b`)).root();
      const [token] = tokenRequests(registry.seen);
      assert.equal(token?.headers.authorization, undefined);
    }));

  test('are fetched anew when the registry does not take them any more', () =>
    withTokens({}, async ({ registry, state, client }) => {
      const source = registrySource(client, parseReference(`${registry.host}/a:b`));
      await source.root();
      state.token = 'two';
      await source.root();
      assert.equal(tokenRequests(registry.seen).length, 2);
    }));

  test('are fetched with an identity token by POST', () =>
    withTokens({}, async ({ registry, client }) => {
      const credentials = { username: '', password: '', identityToken: 'refresh me' };
      const reference = parseReference(`${registry.host}/a:b`);
      await registrySource(client, reference, { credentials }).root();
      const [token] = tokenRequests(registry.seen);
      assert.equal(token?.method, 'POST');
      const form = new URLSearchParams(token?.body.toString());
      assert.equal(form.get('grant_type'), 'refresh_token');
      assert.equal(form.get('refresh_token'), 'refresh me');
      assert.equal(form.get('scope'), 'repository:a:pull');
    }));

  test('a wrong password names the request, as Docker does', () =>
    withTokens({ rejectPassword: true }, async ({ registry, client }) => {
      const source = registrySource(client, parseReference(`${registry.host}/a:b`), {
        credentials: bob,
      });
      await assert.rejects(source.root(), {
        message: 'unauthorized: incorrect username or password',
      });
    }));

  for (const realm of ['file:///etc/passwd', '', 'javascript:1']) {
    test(`a token server at "${realm}" is refused`, async () => {
      const headers = { 'www-authenticate': `Bearer realm="${realm}"` };
      await using registry = await scriptedRegistry(() => ({ status: 401, headers }));
      using client = impatientClient();
      const source = registrySource(client, parseReference(`${registry.host}/a:b`));
      await assert.rejects(source.root(), { kind: 'invalid' });
    });
  }

  for (const body of ['{}', '<html>', 'null', '{"token":5}', '"'.padEnd(1_048_577)]) {
    test(`a token server that answers ${body.slice(0, 20)} is an error`, async () => {
      const headers = { 'www-authenticate': 'Bearer realm="http://HOST/token"' };
      await using registry = await scriptedRegistry(({ path, headers: { host } }) => {
        if (path.startsWith('/token')) return { body };
        const challenge = headers['www-authenticate'].replace('HOST', host!);
        return { status: 401, headers: { 'www-authenticate': challenge } };
      });
      using client = impatientClient();
      const source = registrySource(client, parseReference(`${registry.host}/a:b`));
      await assert.rejects(source.root());
    });
  }
});

describe('basic credentials', () => {
  const script: Script = ({ path, headers }) => {
    if (headers.authorization === basic) return path === '/v2/' ? {} : found;
    return { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
  };

  test('are shown with each request', async () => {
    await using registry = await scriptedRegistry(script);
    using client = impatientClient();
    const reference = parseReference(`${registry.host}/a:b`);
    await registrySource(client, reference, { credentials: bob }).root();
  });

  test('are missed in Docker’s words', async () => {
    await using registry = await scriptedRegistry(script);
    using client = impatientClient();
    await assert.rejects(registrySource(client, parseReference(`${registry.host}/a:b`)).root(), {
      kind: 'unauthorized',
      message: `Head "http://${registry.host}/v2/a/manifests/b": no basic auth credentials`,
    });
  });

  test('that are wrong are told', async () => {
    await using registry = await scriptedRegistry(script);
    using client = impatientClient();
    const credentials = { ...bob, password: 'wrong' };
    const reference = parseReference(`${registry.host}/a:b`);
    await assert.rejects(registrySource(client, reference, { credentials }).root(), {
      message: 'unauthorized: authentication required',
    });
  });
});

describe('redirects', () => {
  const blob = { mediaType: mediaTypes.ociLayer, digest: digestOf('blob'), size: 4 };

  test('to another host do not carry credentials there', async () => {
    await using store = await scriptedRegistry(() => ({ body: 'blob' }));
    const script = ({ path, headers }: SeenRequest): ScriptedReply => {
      if (headers.authorization !== basic) {
        return { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
      }
      if (!path.includes('/blobs/')) return {};
      return { status: 307, headers: { location: `http://${store.host}/signed?x=1` } };
    };
    await using registry = await scriptedRegistry(script);
    using client = impatientClient();
    const reference = parseReference(`${registry.host}/a:b`);
    const source = registrySource(client, reference, { credentials: bob });
    assert.equal((await collect(source.blob(blob, { offset: 0 }), 10)).toString(), 'blob');
    assert.deepEqual(store.lines(), ['GET /signed?x=1']);
    assert.equal(store.seen[0]?.headers.authorization, undefined);
  });

  test('without end are refused', async () => {
    await using registry = await scriptedRegistry(({ path }) =>
      path === '/v2/' ? {} : { status: 302, headers: { location: `${path}x` } },
    );
    using client = impatientClient();
    const source = registrySource(client, parseReference(`${registry.host}/a:b`));
    await assert.rejects(source.root(), { message: /stopped after 10 redirects/ });
  });

  test('to what is no web address are refused', async () => {
    await using registry = await scriptedRegistry(({ path }) =>
      path === '/v2/' ? {} : { status: 302, headers: { location: 'file:///etc/passwd' } },
    );
    using client = impatientClient();
    const source = registrySource(client, parseReference(`${registry.host}/a:b`));
    await assert.rejects(source.root(), { kind: 'invalid' });
  });
});

describe('a mirror of the Hub', () => {
  test('serves what it has, and is shown no credentials', async () => {
    await using mirror = await scriptedRegistry(({ path, headers }) => {
      assert.equal(headers.authorization, undefined);
      if (path === '/v2/library/a/manifests/latest') return found;
      return path.includes('/blobs/') ? { body: 'blob' } : undefined;
    });
    using client = impatientClient({ mirrors: [`http://${mirror.host}`] });
    const source = registrySource(client, parseReference('a'), { credentials: bob });
    assert.equal((await source.root()).descriptor.digest, digestOf(manifest));
    const blob = { mediaType: mediaTypes.ociLayer, digest: digestOf('blob'), size: 4 };
    assert.equal((await collect(source.blob(blob, { offset: 0 }), 10)).toString(), 'blob');
  });

  test('that has nothing is passed over for the next', async () => {
    await using empty = await scriptedRegistry(() => undefined);
    await using full = await scriptedRegistry(({ path }) =>
      path.includes('/manifests/') ? found : undefined,
    );
    const mirrors = [`http://${empty.host}`, `http://${full.host}`];
    using client = impatientClient({ mirrors });
    await registrySource(client, parseReference('a')).root();
    assert.deepEqual(empty.lines(), ['GET /v2/', 'GET /v2/library/a/manifests/latest']);
  });
});

describe('docker login', () => {
  test('gives the refresh token it is handed', () =>
    withTokens({ refreshToken: 'keep me' }, async ({ registry, client }) => {
      const address = `http://${registry.host}/v1/`;
      assert.deepEqual(await checkLogin(client, address, bob), { identityToken: 'keep me' });
      assert.match(tokenRequests(registry.seen)[0]!.path, /offline_token=true/);
    }));

  test('a wrong password', () =>
    withTokens({ rejectPassword: true }, async ({ registry, client }) => {
      await assert.rejects(checkLogin(client, registry.host, bob), {
        kind: 'unauthorized',
        message: `Get "http://${registry.host}/v2/": unauthorized: incorrect username or password`,
      });
    }));

  test('at a registry of basic credentials', async () => {
    await using registry = await scriptedRegistry(({ headers }) =>
      headers.authorization === basic
        ? {}
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
    );
    using client = impatientClient();
    assert.deepEqual(await checkLogin(client, registry.host, bob), {});
    await assert.rejects(checkLogin(client, registry.host, { ...bob, password: 'x' }), {
      kind: 'unauthorized',
      message: `login attempt to http://${registry.host}/v2/ failed with status: 401 Unauthorized`,
    });
  });
});

describe('lists', () => {
  test('of tags follow the links between pages', async () => {
    await using registry = await scriptedRegistry(({ path }) => {
      if (path === '/v2/a/tags/list?n=1000') {
        const link = '</v2/a/tags/list?n=1000&last=b>; rel="next"';
        return { headers: { link }, body: '{"tags":["a","b"]}' };
      }
      return path.startsWith('/v2/a/') ? { body: '{"tags":["c"]}' } : undefined;
    });
    using client = impatientClient();
    const tags = await Array.fromAsync(listTags(client, parseReference(`${registry.host}/a`)));
    assert.deepEqual(tags, ['a', 'b', 'c']);
  });

  test('do not follow a link to another server', async () => {
    await using registry = await scriptedRegistry(({ path }) => {
      const link = '<http://elsewhere.test/>; rel="next"';
      return path === '/v2/' ? {} : { headers: { link }, body: '{"repositories":["a"]}' };
    });
    using client = impatientClient();
    assert.deepEqual(await Array.fromAsync(listRepositories(client, registry.host)), ['a']);
  });

  for (const body of ['[]', '{"tags":[1]}', 'null', 'x']) {
    test(`that say ${body} are refused or empty`, async () => {
      await using registry = await scriptedRegistry(() => ({ body }));
      using client = impatientClient();
      const work = Array.fromAsync(listTags(client, parseReference(`${registry.host}/a`)));
      if (body === 'null' || body === '[]') assert.deepEqual(await work, []);
      else await assert.rejects(work, { kind: 'invalid' });
    });
  }
});

test('a warning of the registry is passed on, once', async () => {
  const headers = { warning: '299 - "this registry is going away"' };
  await using registry = await scriptedRegistry(({ path }) =>
    path === '/v2/' ? { headers } : { ...found, headers: { ...found.headers, ...headers } },
  );
  const warnings: string[] = [];
  using client = impatientClient({ onWarning: (text) => warnings.push(text) });
  const source = registrySource(client, parseReference(`${registry.host}/a:b`));
  await source.root();
  await source.root();
  assert.deepEqual(warnings, ['this registry is going away']);
});
