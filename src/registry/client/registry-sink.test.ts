import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ByteStream, digestOf, parseReference, streamOf } from '../../core/index.ts';
import { type Descriptor, mediaTypes } from '../../image/index.ts';
import { registrySink, type SinkOptions } from './registry-sink.ts';
import {
  impatientClient,
  type Script,
  type ScriptedReply,
  scriptedRegistry,
} from './scripted-registry.ts';

const large = Buffer.alloc(1_000_000, 'some layer content ');
const describeBytes = (bytes: Uint8Array): Descriptor => ({
  mediaType: mediaTypes.ociLayer,
  digest: digestOf(bytes),
  size: bytes.length,
});

/** Gives the content in pieces, from an offset. */
const opener = (bytes: Uint8Array, opened: number[] = []) =>
  async function* (offset: number): ByteStream {
    opened.push(offset);
    for (let at = offset; at < bytes.length; at += 60_000) yield bytes.subarray(at, at + 60_000);
  };

async function withSink(
  script: Script,
  work: (context: {
    registry: Awaited<ReturnType<typeof scriptedRegistry>>;
    client: ReturnType<typeof impatientClient>;
    sink: ReturnType<typeof registrySink>;
  }) => Promise<void>,
  options: SinkOptions = {},
): Promise<void> {
  await using registry = await scriptedRegistry(script);
  using client = impatientClient();
  const sink = registrySink(client, parseReference(`${registry.host}/team/app:v1`), options);
  await work({ registry, client, sink });
}

/** A registry that takes uploads; `override` may answer first. */
function uploads(override: Script = () => undefined) {
  const state = { received: Buffer.alloc(0), begun: 0 };
  const location = () => `/v2/team/app/blobs/uploads/${state.begun}?_state=x%2By`;
  const at = () => ({ location: location(), range: `0-${Math.max(state.received.length - 1, 0)}` });
  const script: Script = (request) => {
    const reply = override(request);
    if (reply) return reply;
    const { method, path, body } = request;
    if (path.startsWith('/v2/team/app/blobs/uploads/')) {
      switch (method) {
        case 'POST':
          state.begun++;
          state.received = Buffer.alloc(0);
          return { status: 202, headers: at() };
        case 'PATCH':
          state.received = Buffer.concat([state.received, body]);
          return { status: 202, headers: at() };
        case 'GET':
          return { status: 204, headers: at() };
        case 'PUT':
          state.received = Buffer.concat([state.received, body]);
          return { status: 201 };
      }
    }
    return undefined;
  };
  return { state, script };
}

describe('a blob', () => {
  test('that is small goes with the closing request', async () => {
    const { state, script } = uploads();
    await withSink(script, async ({ registry, sink }) => {
      const bytes = Buffer.from('small');
      await sink.putBlob(describeBytes(bytes), () => streamOf(bytes), {});
      assert.equal(state.received.toString(), 'small');
      assert.deepEqual(registry.lines(), [
        'GET /v2/',
        'POST /v2/team/app/blobs/uploads/',
        `PUT /v2/team/app/blobs/uploads/1?_state=x%2By&digest=${encodeURIComponent(digestOf(bytes))}`,
      ]);
    });
  });

  test('that is large is sent as one chunk, with progress', async () => {
    const { state, script } = uploads();
    await withSink(script, async ({ registry, sink }) => {
      const told: number[] = [];
      const onProgress = (bytes: number) => told.push(bytes);
      await sink.putBlob(describeBytes(large), opener(large), { onProgress });
      assert.ok(state.received.equals(large));
      const patch = registry.seen.find(({ method }) => method === 'PATCH');
      assert.equal(patch?.headers['content-range'], `0-${large.length - 1}`);
      assert.equal(told.at(-1), large.length);
    });
  });

  test('goes on from where the registry is after a cut', async () => {
    let cut = true;
    const { state, script } = uploads(({ method, body }) => {
      if (method !== 'PATCH' || !cut) return undefined;
      cut = false;
      state.received = Buffer.from(body.subarray(0, 400_000));
      return (response) => response.destroy();
    });
    await withSink(script, async ({ sink }) => {
      const opened: number[] = [];
      const put = () => sink.putBlob(describeBytes(large), opener(large, opened), {});
      await assert.rejects(put(), { kind: 'unavailable' });
      await put();
      assert.deepEqual(opened, [0, 400_000]);
      assert.ok(state.received.equals(large));
      assert.equal(state.begun, 1);
    });
  });

  test('begins again when the registry lost the upload', async () => {
    let lost = true;
    const unknown = { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] };
    const { state, script } = uploads(({ method }) => {
      if (method !== 'PATCH' || !lost) return undefined;
      lost = false;
      return { status: 404, body: JSON.stringify(unknown) };
    });
    await withSink(script, async ({ sink }) => {
      const put = () => sink.putBlob(describeBytes(large), opener(large), {});
      await assert.rejects(put(), { kind: 'unavailable', code: 'BLOB_UPLOAD_UNKNOWN' });
      await put();
      assert.equal(state.begun, 2);
      assert.ok(state.received.equals(large));
    });
  });

  test('begins again when the registry claims more than there is', async () => {
    let strange = true;
    const { state, script } = uploads(({ method }) => {
      if (!strange) return undefined;
      if (method === 'PATCH') return { status: 416 };
      if (method !== 'GET') return undefined;
      strange = false;
      return {
        status: 204,
        headers: { range: '0-99999999', location: '/v2/team/app/blobs/uploads/1' },
      };
    });
    await withSink(
      ({ path, ...rest }) => (path === '/v2/' ? {} : script({ path, ...rest })),
      async ({ sink }) => {
        const put = () => sink.putBlob(describeBytes(large), opener(large), {});
        await assert.rejects(put(), { kind: 'unavailable' });
        await put();
        assert.equal(state.begun, 2);
      },
    );
  });

  test('is refused for good at once', async () => {
    const denied = JSON.stringify({ errors: [{ code: 'DENIED' }, { code: 'UNAUTHORIZED' }] });
    const { script } = uploads(({ method }) =>
      method === 'POST' ? { status: 403, body: denied } : undefined,
    );
    await withSink(script, async ({ client, sink }) => {
      await assert.rejects(sink.putBlob(describeBytes(large), opener(large), {}), {
        kind: 'forbidden',
        message: 'denied: requested access to the resource is denied',
      });
      assert.equal(client.pauses.length, 0);
    });
  });

  test('is cut into chunks for a registry that takes no more', async () => {
    const huge = Buffer.alloc(33 * 1024 * 1024, 1);
    const { state, script } = uploads(({ method, body }) =>
      method === 'PATCH' && body.length > 32 * 1024 * 1024 ? { status: 413 } : undefined,
    );
    await withSink(script, async ({ registry, sink }) => {
      await sink.putBlob(describeBytes(huge), opener(huge), {});
      assert.ok(state.received.equals(huge));
      const patches = registry.seen.filter(({ method }) => method === 'PATCH');
      assert.deepEqual(
        patches.map(({ headers }) => headers['content-range']),
        ['0-34603007', '0-33554431', '33554432-34603007'],
      );
    });
  });

  for (const [what, size] of [
    ['short', large.length + 1],
    ['long', large.length - 1],
  ] as const) {
    test(`whose content is too ${what} is never sent whole`, async () => {
      const { state, script } = uploads();
      await withSink(script, async ({ sink }) => {
        const lie = { ...describeBytes(large), size };
        await assert.rejects(sink.putBlob(lie, opener(large), {}), { code: 'SIZE_INVALID' });
        assert.ok(state.received.length < size);
      });
    });
  }

  test('stops when it is told to', async () => {
    const { script } = uploads();
    await withSink(script, async ({ sink }) => {
      const stop = new AbortController();
      const open = async function* (): ByteStream {
        yield large.subarray(0, 1000);
        stop.abort();
        yield large.subarray(1000);
      };
      await assert.rejects(sink.putBlob(describeBytes(large), open, { signal: stop.signal }), {
        kind: 'canceled',
      });
    });
  });
});

describe('a mount', () => {
  const blob = describeBytes(large);
  const mountFrom = () => ['team/other', 'team/app', 'team/third'];
  const mounts = (reply: (path: string) => ScriptedReply | undefined) =>
    uploads(({ method, path }) => (method === 'POST' ? reply(path) : undefined));

  test('saves the upload', async () => {
    const { script } = mounts((path) =>
      path.includes('team%2Fthird') ? { status: 201 } : undefined,
    );
    await withSink(
      script,
      async ({ registry, sink }) => {
        await sink.putBlob(blob, opener(large), {});
        assert.deepEqual(
          registry.seen.filter(({ method }) => method !== 'GET').map(({ method }) => method),
          ['POST', 'POST'],
        );
      },
      { mountFrom },
    );
  });

  test('that fails leaves an upload, which is used', async () => {
    const { state, script } = mounts(() => undefined);
    await withSink(
      script,
      async ({ sink }) => {
        await sink.putBlob(blob, opener(large), {});
        assert.ok(state.received.equals(large));
        assert.equal(state.begun, 2);
      },
      { mountFrom },
    );
  });
});

describe('a manifest', () => {
  const bytes = Buffer.from('{"schemaVersion":2,"manifests":[]}');
  const descriptor = { ...describeBytes(bytes), mediaType: mediaTypes.ociIndex };

  test('is put under each tag, or its digest, byte for byte', async () => {
    await withSink(
      ({ method }) => (method === 'PUT' ? { status: 201 } : undefined),
      async ({ registry, sink }) => {
        await sink.putManifest({ descriptor, bytes }, { tags: ['a', 'b'] });
        await sink.putManifest({ descriptor, bytes }, { tags: [] });
        assert.deepEqual(registry.lines().slice(1), [
          'PUT /v2/team/app/manifests/a',
          'PUT /v2/team/app/manifests/b',
          `PUT /v2/team/app/manifests/${descriptor.digest}`,
        ]);
        assert.ok(registry.seen.slice(1).every(({ body }) => body.equals(bytes)));
        assert.equal(registry.seen[1]?.headers['content-type'], mediaTypes.ociIndex);
      },
    );
  });

  test('is there or not', async () => {
    await withSink(
      ({ method, path }) => {
        if (method !== 'HEAD') return undefined;
        return { status: path.endsWith(descriptor.digest) ? 200 : 404 };
      },
      async ({ sink }) => {
        assert.equal(await sink.hasBlob(descriptor), true);
        assert.equal(await sink.hasBlob(describeBytes(large)), false);
      },
    );
  });
});
