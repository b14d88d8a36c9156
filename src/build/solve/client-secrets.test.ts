import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import { remoteAccess } from './client-secrets.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-access-'));
after(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();
const newFolder = async () => mkdtempSync(join(folder, 'secret-'));
const basic = (token: string) =>
  `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;

for (const [what, secrets, service, expected] of [
  ['nothing', {}, 'git', undefined],
  ['a token for all hosts', { GIT_AUTH_TOKEN: 't' }, 'git', basic('t')],
  [
    'a header for all hosts',
    { GIT_AUTH_TOKEN: 't', GIT_AUTH_HEADER: 'digest x' },
    'git',
    'digest x',
  ],
  [
    'a token for the host before all others',
    { GIT_AUTH_HEADER: 'x', 'GIT_AUTH_TOKEN.h.example:80': 'own\n' },
    'git',
    basic('own'),
  ],
  ['another host', { 'GIT_AUTH_TOKEN.h.example': 't' }, 'git', undefined],
  ['a token over http', { 'HTTP_AUTH_TOKEN_h.example:80': 't\n' }, 'http', 'Bearer t'],
  [
    'a header over http',
    { 'HTTP_AUTH_TOKEN_h.example:80': 't', 'HTTP_AUTH_HEADER_h.example:80': 'x y' },
    'http',
    'x y',
  ],
  ['no token of git over http', { GIT_AUTH_TOKEN: 't', HTTP_AUTH_TOKEN: 't' }, 'http', undefined],
] as const) {
  test(`${what} gives ${expected}`, async () => {
    const content = Object.fromEntries(
      Object.entries(secrets).map(([id, text]) => [id, Buffer.from(text)]),
    );
    const asked = async (id: string) => content[id];
    for (const lender of [{ secrets: content }, { secrets: asked }]) {
      const access = remoteAccess(lender, newFolder);
      assert.equal(await access.authorization(service, 'h.example:80', signal), expected);
    }
  });
}

test('the default agent of the client, on a socket that goes again', async () => {
  const answer = new PassThrough();
  const ssh = async (id: string) => (id === 'default' ? { connect: () => answer } : undefined);
  const agent = (await remoteAccess({ ssh }, newFolder).agent(signal))!;
  const client = connect(agent.socketPath).end('echo');
  assert.equal(String((await once(client, 'data'))[0]), 'echo');
  await agent[Symbol.asyncDispose]();
  assert.ok(!existsSync(agent.socketPath));
  assert.equal(await remoteAccess({}, newFolder).agent(signal), undefined);
});
