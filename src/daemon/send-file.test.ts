import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sendFile } from './send-file.ts';

const content = randomBytes(20_000_003);
let folder: string;
let path: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-send-'));
  path = join(folder, 'file');
  writeFileSync(path, content);
});
after(() => rmSync(folder, { recursive: true }));

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const openFds = () => readdirSync('/proc/self/fd').length;

/** Both ends of a connection through loopback; `fd` is that of the sending one. */
async function pair(): Promise<{ sender: Socket; receiver: Socket; fd: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [sender] = (await once(server, 'connection')) as [Socket];
  server.close();
  return { sender, receiver, fd: (sender as unknown as { _handle: { fd: number } })._handle.fd };
}

const writeTo = (sender: Socket) => (chunk: Uint8Array) =>
  new Promise<void>((resolve, reject) => {
    sender.write(chunk, (error) => (error ? reject(error) : resolve()));
  });

for (const [what, start, end] of [
  ['the whole', 0, content.length],
  ['an inner range', 65_537, 12_345_678],
  ['less than one piece', 100, 200],
] as const) {
  test(`${what}, behind what was written before`, async () => {
    const { sender, receiver, fd } = await pair();
    const hash = createHash('sha256');
    let sizeBytes = 0;
    receiver.on('data', (chunk) => {
      sizeBytes += chunk.length;
      hash.update(chunk);
    });
    sender.write('head');
    const write = writeTo(sender);
    await sendFile(path, { start, end }, { write, fd });
    sender.end('tail');
    await once(receiver, 'end');
    const expected = Buffer.concat([
      Buffer.from('head'),
      content.subarray(start, end),
      Buffer.from('tail'),
    ]);
    assert.equal(sizeBytes, expected.length);
    assert.equal(hash.digest('hex'), digestOf(expected));
  });
}

test('a receiver that reads now and then gets all of it', async () => {
  const { sender, receiver, fd } = await pair();
  const received: Buffer[] = [];
  const ended = (async () => {
    for await (const chunk of receiver) {
      received.push(chunk);
      if (received.length % 20 === 0) await pause(1);
    }
  })();
  await sendFile(path, { start: 0, end: content.length }, { write: writeTo(sender), fd });
  sender.end();
  await ended;
  assert.equal(digestOf(Buffer.concat(received)), digestOf(content));
});

test('a receiver that goes away ends it, and nothing stays open', async () => {
  const { sender, receiver, fd } = await pair();
  sender.on('error', () => {});
  const before = openFds();
  const sending = sendFile(path, { start: 0, end: content.length }, { write: writeTo(sender), fd });
  receiver.once('data', () => receiver.resetAndDestroy());
  await assert.rejects(sending, { code: /ECONNRESET|EPIPE|ERR_STREAM_DESTROYED/ });
  assert.ok(openFds() <= before);
});

test('a file shorter than was said is an error', async () => {
  const { sender, receiver, fd } = await pair();
  receiver.resume();
  const range = { start: 0, end: content.length + 1_000_000 };
  await assert.rejects(sendFile(path, range, { write: writeTo(sender), fd }), {
    message: `read ${path}: the file ends at ${content.length}`,
  });
  sender.destroy();
});
