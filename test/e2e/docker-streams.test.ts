import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { buildBusybox } from './harness/busybox.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
});
after(() => daemon[Symbol.asyncDispose]());

function attachByWebSocket(name: string, query: string) {
  const path = join(daemon.folder, 'run/berth.sock');
  const socket = new WebSocket(`ws+unix:${path}:/containers/${name}/attach/ws?${query}`);
  let text = '';
  socket.on('message', (data: Buffer) => {
    text += data;
  });
  const closed = once(socket, 'close').then(([code]) => ({ code, text }));
  return { socket, closed, opened: once(socket, 'open') };
}

test('a container is attached to by websocket: input, output, replay of the log', async () => {
  await daemon.ok('create', '-i', '--name', 'ws', 'busybox', 'sh', '-c', 'read x; echo "got $x"');
  const { socket, opened, closed } = attachByWebSocket('ws', 'stream=1&stdin=1&stdout=1');
  await opened;
  await daemon.ok('start', 'ws');
  socket.send('a word\n');
  assert.deepEqual(await closed, { code: 1000, text: 'got a word\n' });
  const replay = attachByWebSocket('ws', 'logs=1&stdout=1');
  assert.deepEqual(await replay.closed, { code: 1000, text: 'got a word\n' });
});

test('the end of a websocket is the end of the input', async () => {
  await daemon.ok('create', '-i', '--name', 'cat', 'busybox', 'sh', '-c', 'cat; echo ended');
  const { socket, opened, closed } = attachByWebSocket('cat', 'stream=1&stdin=1&stdout=1');
  await opened;
  await daemon.ok('start', 'cat');
  socket.send('typed\n');
  await once(socket, 'message');
  socket.close();
  await closed;
  assert.equal(await daemon.ok('wait', 'cat'), '0');
  assert.equal(await daemon.ok('logs', 'cat'), 'typed\nended');
});

test('who reads slowly gets it all, long after the container has ended', async () => {
  // Some of these leave their last bytes with the daemon, when all buffers on the way are full.
  const sizes = Array.from({ length: 8 }, (_, index) => 308_000 + index * 12_000);
  const got = await Promise.all(
    sizes.map(async (size) => {
      const command = `docker run -i --rm busybox head -c ${size} /dev/zero`;
      const { stdout } = await daemon.run('sh', [
        '-c',
        `sleep 15 | ${command} | (sleep 12; wc -c)`,
      ]);
      return Number(stdout);
    }),
  );
  assert.deepEqual(got, sizes);
});
