import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { collect } from '../../core/index.ts';
import { createFetcher } from './fetcher.ts';

const server = createServer((request, response) => {
  const { url = '' } = request;
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
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => server.close());
const url = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

test('a file, its date, and no more of its name than the last component', async () => {
  const answer = await createFetcher().http(url('/file'), {});
  assert.ok(answer.kind === 'content');
  const { content, fileName, modifiedAtMs, etag } = answer;
  assert.equal((await collect(content, 100)).toString(), 'content');
  assert.deepEqual([fileName, modifiedAtMs, etag], ['named.tar', 60_000, '"1"']);
});

test('where a server sends us, as long as that is the web and comes to an end', async () => {
  const answer = await createFetcher().http(url('/moved'), {});
  assert.ok(answer.kind === 'content');
  assert.equal((await collect(answer.content, 100)).toString(), 'content');
  await assert.rejects(createFetcher().http(url('/circle'), {}), /more than 10 redirects/);
  await assert.rejects(createFetcher().http(url('/astray'), {}), /redirected to file:/);
});

test('what has not changed since is not sent again', async () => {
  assert.deepEqual(await createFetcher().http(url('/file'), { etag: '"1"' }), {
    kind: 'unchanged',
  });
});

test('what is not there, and who does not answer', async () => {
  await assert.rejects(createFetcher().http(url('/none'), {}), {
    kind: 'not-found',
    message: /status 404/,
  });
  await assert.rejects(createFetcher().http('http://127.0.0.1:1/', {}), {
    kind: 'unavailable',
    message: /ECONNREFUSED/,
  });
});

test('a git address that git would take for an option', async () => {
  await assert.rejects(createFetcher().commitOf('https://h/r.git#--x'), /may not begin with "-"/);
  await assert.rejects(createFetcher().commitOf('--upload-pack=x'), /not a git address/);
});
