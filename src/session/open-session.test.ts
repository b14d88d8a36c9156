import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import { collect, internal, message, streamOf, unauthorized } from '../core/index.ts';
import { bytesOf, sendBytes } from './byte-messages.ts';
import { openChannel } from './grpc/channel.ts';
import { type Methods, serveGrpc, unary } from './grpc/serve.ts';
import { openSession, type Session } from './open-session.ts';
import { type SessionOffers, serveSession, sessionHead, sessionHeaders } from './serve-session.ts';
import { sessionHeadOf } from './session-head.ts';
import { socketPair } from './socket-pair.ts';

async function withSession(
  offers: SessionOffers,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  using pair = await socketPair();
  await using _server = serveSession(pair.far, offers);
  await using session = openSession(pair.near, sessionHead(offers, { id: 's' }));
  await work(session);
}

/** A session whose client answers these methods, whatever they are. */
async function withClient(
  methods: Methods,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  using pair = await socketPair();
  await using _server = serveGrpc(pair.far, methods);
  const paths = Object.keys(methods).map((path) => path.toLowerCase());
  const head = { id: 's', sharedKey: '', methods: new Set(paths) };
  await using session = openSession(pair.near, head);
  await work(session);
}

test('secrets and logins are asked for by name', async () => {
  const secret = async (id: string) => (id === 'token' ? Buffer.from('hunter2\0') : undefined);
  const login = async (host: string) =>
    host === 'example.com' ? { username: 'me', secret: 'pass' } : undefined;
  await withSession({ secret, login }, async (session) => {
    assert.deepEqual(Buffer.from((await session.secret('token'))!), Buffer.from('hunter2\0'));
    assert.equal(await session.secret('none'), undefined);
    assert.deepEqual(await session.login('example.com'), { username: 'me', secret: 'pass' });
    assert.equal(await session.login('other'), undefined);
    assert.equal(await session.hasAgent('default'), false);
  });
});

test('a client that offers nothing has nothing', async () => {
  await withSession({}, async (session) => {
    assert.equal(await session.secret('x'), undefined);
    assert.equal(await session.login('x'), undefined);
    assert.equal(await session.hasAgent('x'), false);
    const { signal } = new AbortController();
    await assert.rejects(session.folder('context').open({ exclude: [] }, signal), {
      kind: 'unsupported',
    });
    await assert.rejects(session.sendFile(streamOf('x'), {}), { kind: 'unsupported' });
  });
});

test('an error of the client arrives with its kind and its words', async () => {
  const secret = async () => {
    throw unauthorized('locked: größer %41 als\nnötig');
  };
  await withSession({ secret }, async (session) => {
    await assert.rejects(session.secret('x'), {
      kind: 'unauthorized',
      message: 'call /moby.buildkit.secrets.v1.Secrets/GetSecret: locked: größer %41 als\nnötig',
    });
  });
});

test('connections reach the agent and end with either side', async () => {
  const agent = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => void socket.write(`re: ${data}`));
  }).listen(0, '127.0.0.1');
  await once(agent, 'listening');
  const { port } = agent.address() as { port: number };
  const open = async (id: string) => (id === 'default' ? connect(port, '127.0.0.1') : undefined);
  await withSession({ agent: open }, async (session) => {
    assert.equal(await session.hasAgent('default'), true);
    assert.equal(await session.hasAgent('other'), false);
    const [near, far] = duplexPair();
    const forwarding = session.forwardAgent('default', far);
    near.write('hello');
    assert.equal(String((await once(near, 'data'))[0]), 're: hello');
    near.end();
    far.destroy();
    await forwarding.catch(() => {});
    const [lost, other] = duplexPair();
    lost.on('error', () => {});
    await assert.rejects(session.forwardAgent('none', other), { kind: 'not-found' });
  });
  agent.close();
});

describe('outputs and uploads', () => {
  const fileSend = '/moby.filesync.v1.FileSend/DiffCopy';

  test('a file is handed over with what is said of it', async () => {
    const received = Promise.withResolvers<[Buffer, unknown]>();
    const methods: Methods = {
      async [fileSend](call) {
        const bytes = await collect(bytesOf(call.messages), 1e8);
        const about = call.metadata['exporter-md-image.name'];
        received.resolve([bytes, [about, call.metadata['buildkit-attachable-exporter-id']]]);
      },
    };
    await withClient(methods, async (session) => {
      const content = Buffer.alloc(5_000_000, 'ab');
      const about = { 'image.name': 'a:1' };
      await session.sendFile(streamOf(content), { output: '1', about });
      const [bytes, seen] = await received.promise;
      assert.ok(bytes.equals(content));
      assert.deepEqual(seen, [['a:1'], ['1']]);
    });
  });

  test('a client that refuses an output ends it', async () => {
    const methods: Methods = {
      async [fileSend]() {
        throw unauthorized('no space');
      },
    };
    async function* endless() {
      for (;;) yield Buffer.alloc(1 << 20);
    }
    await withClient(methods, async (session) => {
      await assert.rejects(session.sendFile(endless(), {}), /no space/);
    });
  });

  test('an output that breaks is over for the client, too', async () => {
    const over = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
    let calls = 0;
    const methods: Methods = {
      async [fileSend](call) {
        const { resolve } = over[calls++]!;
        await collect(bytesOf(call.messages), 1e8).then(resolve, resolve);
      },
    };
    async function* broken() {
      yield Buffer.from('some');
      throw internal('read archive: broken disk');
    }
    await withClient(methods, async (session) => {
      await assert.rejects(session.sendFile(broken(), {}), /broken disk/);
      assert.ok((await over[0]!.promise) instanceof Error);
      await assert.rejects(session.sendFolder('/dev/null', {}), { code: 'ENOTDIR' });
      assert.ok((await over[1]!.promise) instanceof Error);
    });
  });

  test('an upload is read whenever that is', async () => {
    const methods: Methods = {
      async '/moby.upload.v1.Upload/Pull'(call) {
        const path = call.metadata.urlpath?.[0];
        await sendBytes(call, streamOf(`content of ${path}`));
      },
    };
    await withClient(methods, async (session) => {
      const stream = session.upload('/x');
      // Another answer comes after all of the upload has.
      await session.secret('x').catch(() => {});
      assert.equal((await collect(stream, 100)).toString(), 'content of /x');
    });
  });
});

test('a head is read from the headers that announce it', () => {
  const offers = { secret: async () => undefined };
  const headers = sessionHeaders(offers, { id: 'i', sharedKey: 'k' });
  const joined = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
  assert.deepEqual(sessionHeadOf(joined), sessionHead(offers, { id: 'i', sharedKey: 'k' }));
  assert.deepEqual(sessionHeadOf({}), { id: '', sharedKey: '', methods: new Set() });
});

test('an unknown method, no message at all, and bytes that are none', async () => {
  const text = message<{ text: string }>({ text: [1, 'string'] });
  const methods = { '/a/B': unary(text, text, ({ text: asked }) => ({ text: `re: ${asked}` })) };
  using pair = await socketPair();
  await using _server = serveGrpc(pair.far, methods);
  await using channel = openChannel(pair.near);
  const method = { path: '/a/B', request: text, response: text };
  assert.deepEqual(await channel.ask(method, { text: 'x' }), { text: 're: x' });
  await assert.rejects(channel.ask({ ...method, path: '/a/C' }, {}), { kind: 'unsupported' });
  const drain = async (call: ReturnType<typeof channel.open>) => {
    for await (const _ of call.messages);
  };
  const silent = channel.open('/a/B');
  silent.end();
  await assert.rejects(drain(silent), { kind: 'invalid', message: /holds no message/ });
  const garbage = channel.open('/a/B');
  await garbage.send([Buffer.from('garbage')]);
  await assert.rejects(drain(garbage), { kind: 'invalid', message: /decode message/ });
  assert.deepEqual(await channel.ask(method, { text: 'y' }), { text: 're: y' }, 'still there');
});

test('a question cut off while it is sent fails once', async () => {
  const text = message<{ text: string }>({ text: [1, 'string'] });
  using pair = await socketPair();
  const asked = Promise.withResolvers<void>();
  await using _server = serveGrpc(pair.far, {
    async '/a/B'() {
      asked.resolve();
      await new Promise(() => {});
    },
  });
  await using channel = openChannel(pair.near);
  // More than the other end takes before somebody reads it.
  const request = { text: 'x'.repeat(20_000_000) };
  const answer = channel.ask({ path: '/a/B', request: text, response: text }, request);
  await asked.promise;
  pair.far.destroy();
  await assert.rejects(answer, { kind: 'unavailable' });
});
