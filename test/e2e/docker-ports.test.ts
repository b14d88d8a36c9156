import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { freePort, startDaemon, type TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
});
after(() => daemon[Symbol.asyncDispose]());

/** Says a word to what echoes at an address of this machine. */
async function echoOf(address: string, port: number): Promise<string> {
  const socket = connect(port, address);
  socket.write('word');
  try {
    return String((await once(socket, 'data'))[0]);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? '';
  } finally {
    socket.destroy();
  }
}

const everywhere = (port: number) =>
  Promise.all(['127.0.0.1', '::1'].map((address) => echoOf(address, port)));

test('published ports, and the connections to them, do not need the daemon', async () => {
  const port = await freePort();
  const listen = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'cat'];
  await daemon.ok('run', '-d', '--init', '--name', 'echo', '-p', `${port}:80`, ...listen);
  while ((await echoOf('127.0.0.1', port)) !== 'word');
  assert.deepEqual(await everywhere(port), ['word', 'word']);
  const client = connect(port, '::1');
  client.write('before');
  assert.equal(String((await once(client, 'data'))[0]), 'before');
  await daemon.kill();
  assert.deepEqual(await everywhere(port), ['word', 'word']);
  await daemon.start();
  assert.deepEqual(await everywhere(port), ['word', 'word']);
  client.write('after');
  assert.equal(String((await once(client, 'data'))[0]), 'after');
  const closed = once(client, 'close');
  await daemon.ok('rm', '-f', 'echo');
  await closed;
  assert.deepEqual(await everywhere(port), ['ECONNREFUSED', 'ECONNREFUSED']);
});

test('a network that leads outside brings the ports, and the list shows them', async () => {
  const port = await freePort();
  await daemon.ok('network', 'create', '--internal', 'inner');
  const listen = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'cat'];
  await daemon.ok(
    'run',
    '-d',
    '--init',
    '--name',
    'web',
    '--network',
    'inner',
    '-p',
    `${port}:80`,
    ...listen,
  );
  const shown = () => daemon.ok('ps', '--filter', 'name=web', '--format', '{{.Ports}}');
  assert.equal(await shown(), '80/tcp');
  await daemon.ok('network', 'connect', 'bridge', 'web');
  assert.equal(await shown(), `0.0.0.0:${port}->80/tcp, [::]:${port}->80/tcp`);
  assert.deepEqual(await everywhere(port), ['word', 'word']);
  await daemon.ok('network', 'disconnect', 'bridge', 'web');
  assert.equal(await shown(), '80/tcp');
  await daemon.ok('rm', '-f', 'web');
  await daemon.ok('network', 'rm', 'inner');
});
