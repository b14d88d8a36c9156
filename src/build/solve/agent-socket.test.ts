import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { openAgentSocket } from './agent-socket.ts';

test('a socket of its own leads to the agent, until it is disposed of', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  const agentPath = join(folder, 'agent');
  const socketPath = join(folder, 'own');
  const agent = createServer((socket) => socket.on('data', (data) => socket.write(`re: ${data}`)));
  agent.listen(agentPath);
  await once(agent, 'listening');
  const own = { uid: process.getuid!(), gid: process.getgid!() };
  const proxy = await openAgentSocket({
    agent: { connect: () => connect(agentPath) },
    socketPath,
    mode: 0o640,
    ...own,
  });
  assert.equal(statSync(socketPath).mode & 0o777, 0o640);
  const client = connect(socketPath);
  client.write('hello');
  assert.equal(String((await once(client, 'data'))[0]), 're: hello');
  const closed = once(client, 'close');
  await proxy[Symbol.asyncDispose]();
  await closed;
  await assert.rejects(once(connect(socketPath), 'connect'), { code: 'ENOENT' });
  agent.close();
  rmSync(folder, { recursive: true });
});

const gone: [what: string, connectTo: (folder: string) => Duplex][] = [
  ['that is gone', (folder) => connect(join(folder, 'nobody'))],
  [
    'whose client has left',
    () => {
      throw new Error('the session has ended');
    },
  ],
];
for (const [what, connectTo] of gone) {
  test(`an agent ${what} ends the connection`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'agent-'));
    const socketPath = join(folder, 'own');
    const own = { uid: process.getuid!(), gid: process.getgid!() };
    await using _proxy = await openAgentSocket({
      agent: { connect: () => connectTo(folder) },
      socketPath,
      mode: 0o600,
      ...own,
    });
    await once(connect(socketPath), 'close');
    rmSync(folder, { recursive: true });
  });
}
