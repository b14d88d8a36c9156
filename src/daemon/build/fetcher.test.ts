import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { collect } from '../../core/index.ts';
import { createFetcher, parseGitAddress } from './fetcher.ts';

const server = createServer((request, response) => {
  if (request.url !== '/file') return void response.writeHead(404).end();
  response
    .writeHead(200, {
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
  const { content, ...rest } = await createFetcher().http(url('/file'));
  assert.equal((await collect(content, 100)).toString(), 'content');
  assert.deepEqual(rest, { fileName: 'named.tar', modifiedAtMs: 60_000 });
});

test('what is not there, and who does not answer', async () => {
  await assert.rejects(createFetcher().http(url('/none')), {
    kind: 'not-found',
    message: /status 404/,
  });
  await assert.rejects(createFetcher().http('http://127.0.0.1:1/'), {
    kind: 'unavailable',
    message: /ECONNREFUSED|bad port/,
  });
});

for (const [address, parsed] of [
  ['https://h/r.git', { url: 'https://h/r.git' }],
  ['https://h/r.git#main', { url: 'https://h/r.git', ref: 'main' }],
  ['https://h/r.git#main:a/b', { url: 'https://h/r.git', ref: 'main', folder: 'a/b' }],
  ['https://h/r.git#:a', { url: 'https://h/r.git', folder: 'a' }],
  ['git@h:r.git#x', { url: 'git@h:r.git', ref: 'x' }],
  ['github.com/u/r', { url: 'https://github.com/u/r' }],
] as const) {
  test(`git address ${address}`, () => assert.deepEqual(parseGitAddress(address), parsed));
}

test('an address that git would take for an option', () => {
  assert.throws(() => parseGitAddress('--upload-pack=x'), /may not begin with "-"/);
  assert.throws(() => parseGitAddress('https://h/r#--x'), /may not begin with "-"/);
});
