import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Fetcher, RemoteAccess } from '../../build/index.ts';
import { collect } from '../../core/index.ts';
import { createFetcher } from './fetcher.ts';

const server = createServer((request, response) => {
  const { url = '' } = request;
  if (url === '/login') return void response.end(String(request.headers.authorization));
  if (url === '/elsewhere') {
    const { port } = server.address() as AddressInfo;
    return void response.writeHead(302, { location: `http://localhost:${port}/stranger` }).end();
  }
  if (url === '/stranger') {
    return void response.end(`http://localhost: ${request.headers.authorization}`);
  }
  const location = { '/moved': 'file', '/circle': '/circle', '/astray': 'file:///etc/passwd' }[url];
  if (location !== undefined) return void response.writeHead(302, { location }).end();
  if (url !== '/file') return void response.writeHead(404).end();
  if (request.headers['if-none-match'] === '"1"') return void response.writeHead(304).end();
  response
    .writeHead(200, {
      etag: '"1"',
      'last-modified': 'Thu, 01 Jan 1970 00:01:00 GMT',
      'content-disposition': 'attachment; filename="../../named.tar"',
    })
    .end('content');
});
before(async () => {
  server.listen(0);
  await once(server, 'listening');
});
after(() => server.close());
const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

const nothing: RemoteAccess = {
  authorization: async () => undefined,
  agent: async () => undefined,
};
const get = (address: string, options: Partial<Parameters<Fetcher['http']>[1]> = {}) =>
  createFetcher({ knownHostsPath: '/nonexistent' }).http(address, {
    access: nothing,
    signal: new AbortController().signal,
    ...options,
  });

test('a file, its date, and no more of its name than the last component', async () => {
  const answer = await get(url('/file'));
  assert.ok(answer.kind === 'content');
  const { content, fileName, modifiedAtMs, etag } = answer;
  assert.equal((await collect(content, 100)).toString(), 'content');
  assert.deepEqual([fileName, modifiedAtMs, etag], ['named.tar', 60_000, '"1"']);
});

test('where a server sends us, as long as that is the web and comes to an end', async () => {
  const answer = await get(url('/moved'));
  assert.ok(answer.kind === 'content');
  assert.equal((await collect(answer.content, 100)).toString(), 'content');
  await assert.rejects(get(url('/circle')), /more than 10 redirects/);
  await assert.rejects(get(url('/astray')), /redirected to file:/);
});

test('what has not changed since is not sent again', async () => {
  assert.deepEqual(await get(url('/file'), { etag: '"1"' }), {
    kind: 'unchanged',
  });
});

test('what is not there, and who does not answer', async () => {
  await assert.rejects(get(url('/none')), {
    kind: 'not-found',
    message: /status 404/,
  });
  await assert.rejects(get('http://127.0.0.1:1/'), {
    kind: 'unavailable',
    message: /ECONNREFUSED/,
  });
});

test('a login is for the server it was meant for, and shows in no error', async () => {
  const asked: string[] = [];
  const withLogin = (path: string) =>
    get(url(path).replace('//', '//user:pa55@'), {
      access: {
        ...nothing,
        async authorization(service, host) {
          asked.push(`${service} ${host}`);
          return 'Bearer t0ken';
        },
      },
    });
  const answer = await withLogin('/elsewhere');
  assert.ok(answer.kind === 'content');
  const seen = (await collect(answer.content, 100)).toString();
  assert.equal(seen, 'http://localhost: undefined');
  const here = await withLogin('/login');
  assert.ok(here.kind === 'content');
  assert.equal((await collect(here.content, 100)).toString(), 'Bearer t0ken');
  assert.deepEqual(asked, Array(2).fill(`http ${new URL(url('/')).host}`));
  await assert.rejects(withLogin('/none'), ({ message }: Error) => {
    assert.match(message, /^failed to load http:\/\/xxxxx:xxxxx@127\.0\.0\.1:\d+\/none: /);
    return true;
  });
});
