import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { buildsClient } from './builds.ts';
import { connect } from './connection.ts';

test('a daemon that goes away while it builds is said so', async () => {
  const server = createServer((_request, response) => {
    response.write('{"kind":"plan","steps":[]}\n', () => response.destroy());
  }).listen(0, '127.0.0.1');
  after(() => server.close());
  await once(server, 'listening');
  const host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const messages = buildsClient(connect(host)).run('b1');
  assert.deepEqual((await messages.next()).value, { kind: 'plan', steps: [] });
  await assert.rejects(messages.next(), {
    kind: 'unavailable',
    message: `the Berth daemon at ${host} closed the connection`,
  });
});
