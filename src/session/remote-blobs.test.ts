import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { collect, type Digest, digestOf, notFound } from '../core/index.ts';
import { contentInfo, contentRead } from './content-methods.ts';
import { type Methods, serveGrpc, serverStream, unary } from './grpc/serve.ts';
import { openSession, type Session } from './open-session.ts';
import { socketPair } from './socket-pair.ts';

const content = Buffer.alloc(3_000_000, 'blob ');
const digest = digestOf(content);

/** A client's store, as containerd serves one: pieces of a megabyte. */
function storeOf(options: { size?: number; shift?: number } = {}): Methods {
  const { size = content.length, shift = 0 } = options;
  const find = (wanted: string, store: string | undefined) => {
    if (store !== 'oci:mine') throw notFound(`unknown store ${store}`);
    if (wanted !== digest) throw notFound(`content ${wanted}: not found`);
  };
  const header = 'buildkit-attachable-store-id';
  return {
    [contentInfo.path]: unary(contentInfo.request, contentInfo.response, (asked, call) => {
      find(asked.digest, call.metadata[header]?.[0]);
      return { info: { digest: asked.digest, size } };
    }),
    [contentRead.path]: serverStream(
      contentRead.request,
      contentRead.response,
      async function* (asked, call) {
        find(asked.digest, call.metadata[header]?.[0]);
        for (let at = Number(asked.offset); at < content.length; at += 1 << 20) {
          yield { offset: at + shift, data: content.subarray(at, at + (1 << 20)) };
        }
      },
    ),
  };
}

async function withClient(methods: Methods, work: (session: Session) => Promise<void>) {
  using pair = await socketPair();
  await using _server = serveGrpc(pair.far, methods);
  const paths = Object.keys(methods).map((path) => path.toLowerCase());
  await using session = openSession(pair.near, {
    ...{ id: 's', sharedKey: '', methods: new Set(paths) },
  });
  await work(session);
}

describe('blobs of a client', () => {
  test('are read from any offset on', () =>
    withClient(storeOf(), async (session) => {
      const blobs = session.blobs('mine');
      assert.equal(await blobs.sizeOf(digest), content.length);
      assert.ok((await collect(blobs.open(digest, { offset: 0 }), 1e7)).equals(content));
      const rest = await collect(blobs.open(digest, { offset: 1234 }), 1e7);
      assert.ok(rest.equals(content.subarray(1234)));
    }));

  test('are left in the middle', () =>
    withClient(storeOf(), async (session) => {
      for await (const chunk of session.blobs('mine').open(digest, { offset: 0 })) {
        assert.ok(chunk.length > 0);
        break;
      }
      assert.equal(await session.blobs('mine').sizeOf(digest), content.length, 'still there');
    }));

  test('that are not there are not found', () =>
    withClient(storeOf(), async (session) => {
      const other = `sha256:${'0'.repeat(64)}` as Digest;
      await assert.rejects(session.blobs('mine').sizeOf(other), { kind: 'not-found' });
      await assert.rejects(session.blobs('other').sizeOf(digest), { kind: 'not-found' });
      const stream = session.blobs('mine').open(other, { offset: 0 });
      await assert.rejects(collect(stream, 1), { kind: 'not-found' });
    }));

  test('come in their order', () =>
    withClient(storeOf({ shift: 7 }), async (session) => {
      const stream = session.blobs('mine').open(digest, { offset: 0 });
      await assert.rejects(collect(stream, 1e7), /bytes from 7 came in place of 0/);
    }));

  test('have a size', () =>
    withClient(storeOf({ size: -1 }), (session) =>
      assert.rejects(session.blobs('mine').sizeOf(digest), { kind: 'invalid' }),
    ));

  test('are asked only of who offers them', () =>
    withClient({}, async (session) => {
      await assert.rejects(session.blobs('mine').sizeOf(digest), { kind: 'unsupported' });
      const stream = session.blobs('mine').open(digest, { offset: 0 });
      await assert.rejects(collect(stream, 1), { kind: 'unsupported' });
    }));
});
