import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseDetachKeys } from './detach-keys.ts';
import { type JoinOptions, joinStreams } from './join-streams.ts';
import type { OutputChunk } from './output/chunk-queue.ts';

/** The client's side of a connection: what it got, and a way to type. */
function createClient({ highWaterMark = 1 << 16 } = {}) {
  const got: Buffer[] = [];
  let read = () => {};
  const stream = new Duplex({
    highWaterMark,
    read() {},
    write(chunk, _encoding, done) {
      got.push(chunk);
      read = done;
      if (!slow) done();
    },
  });
  let slow = false;
  return {
    stream,
    got: () => Buffer.concat(got),
    type: (text: string) => stream.push(text),
    hangUp: () => stream.push(null),
    beSlow() {
      slow = true;
    },
    takeOne() {
      read();
    },
  };
}

function createProcess() {
  const chunks: OutputChunk[] = [];
  let wake = () => {};
  let ended = false;
  let asked = 0;
  const input: string[] = [];
  async function* output() {
    for (;;) {
      asked++;
      const chunk = chunks.shift();
      if (chunk) yield chunk;
      else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    streams: {
      output: output(),
      input: {
        write: async (bytes: Uint8Array) => void input.push(Buffer.from(bytes).toString()),
        close: async () => void input.push('<end>'),
      },
    },
    input,
    asked: () => asked,
    say(stream: 'stdout' | 'stderr', text: string) {
      chunks.push({ stream, bytes: Buffer.from(text) });
      wake();
    },
    end() {
      ended = true;
      wake();
    },
  };
}

const options: JoinOptions = {
  terminal: false,
  stdout: true,
  stderr: true,
  closesInput: true,
  detachKeys: parseDetachKeys(''),
};

describe('joinStreams', () => {
  it('frames output, or passes a terminal raw', async () => {
    for (const [terminal, expected] of [
      [false, '010000000000000161020000000000000162'],
      [true, '6162'],
    ] as const) {
      const [client, process] = [createClient(), createProcess()];
      const joined = joinStreams(client.stream, process.streams, { ...options, terminal });
      process.say('stdout', 'a');
      process.say('stderr', 'b');
      process.end();
      assert.equal(await joined, 'ended');
      assert.equal(client.got().toString('hex'), expected);
      assert.ok(!client.stream.destroyed, 'the stream stays the caller’s');
    }
  });

  it('leaves out what was not asked for', async () => {
    const [client, process] = [createClient(), createProcess()];
    const joined = joinStreams(client.stream, process.streams, { ...options, stdout: false });
    process.say('stdout', 'a');
    process.say('stderr', 'b');
    process.end();
    await joined;
    assert.equal(client.got().toString('hex'), '020000000000000162');
  });

  it('passes input on and its end, and goes on with output', async () => {
    const [client, process] = [createClient(), createProcess()];
    const joined = joinStreams(client.stream, process.streams, options);
    client.type('hello');
    client.hangUp();
    while (!process.input.includes('<end>')) await nextTurn();
    process.say('stdout', 'x');
    process.end();
    assert.equal(await joined, 'ended');
    assert.deepEqual(process.input, ['hello', '<end>']);
    assert.equal(client.got().length, 9);
  });

  it('keeps the input open for others unless told to close it', async () => {
    for (const change of [{ closesInput: false }, { terminal: true }]) {
      const [client, process] = [createClient(), createProcess()];
      const joined = joinStreams(client.stream, process.streams, { ...options, ...change });
      client.type('x');
      client.hangUp();
      assert.equal(await joined, 'left');
      assert.deepEqual(process.input, ['x']);
    }
  });

  it('stays when a client without input hangs up its side', async () => {
    const [client, process] = [createClient(), createProcess()];
    const streams = { ...process.streams, input: undefined };
    const joined = joinStreams(client.stream, streams, options);
    client.hangUp();
    await nextTurn();
    process.say('stdout', 'still here');
    process.end();
    assert.equal(await joined, 'ended');
    assert.match(client.got().toString(), /still here/);
  });

  it('detaches from a terminal by keys, passing on what came before', async () => {
    const [client, process] = [createClient(), createProcess()];
    const joined = joinStreams(client.stream, process.streams, { ...options, terminal: true });
    client.type('ls\x10');
    client.type('\x11rest');
    assert.equal(await joined, 'detached');
    assert.deepEqual(process.input.join(''), 'ls');
  });

  it('waits for a slow client instead of piling up output', async () => {
    const [client, process] = [createClient({ highWaterMark: 10 }), createProcess()];
    client.beSlow();
    const joined = joinStreams(client.stream, process.streams, options);
    for (let count = 0; count < 100; count++) process.say('stdout', 'x'.repeat(20));
    await nextTurn();
    assert.ok(process.asked() <= 2, `asked for ${process.asked()} chunks`);
    client.stream.destroy();
    assert.equal(await joined, 'left');
  });

  for (const [what, leave] of [
    ['goes', (client: Duplex) => client.destroy()],
    ['fails', (client: Duplex) => client.destroy(new Error('reset'))],
  ] as const) {
    it(`ends when the client ${what}`, async () => {
      const [client, process] = [createClient(), createProcess()];
      const joined = joinStreams(client.stream, process.streams, options);
      leave(client.stream);
      assert.equal(await joined, 'left');
    });
  }

  it('ends on abort', async () => {
    const [client, process] = [createClient(), createProcess()];
    const aborter = new AbortController();
    const joined = joinStreams(client.stream, process.streams, {
      ...options,
      signal: aborter.signal,
    });
    aborter.abort();
    assert.equal(await joined, 'left');
    const again = createClient();
    const signal = AbortSignal.abort();
    assert.equal(await joinStreams(again.stream, process.streams, { ...options, signal }), 'left');
  });
});
