import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { collect, digestOf, parseReference } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import { registrySource } from './registry-source.ts';
import {
  impatientClient,
  type Script,
  type ScriptedReply,
  scriptedRegistry,
} from './scripted-registry.ts';

const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config: { mediaType: mediaTypes.ociConfig, digest: digestOf('config'), size: 6 },
  layers: [],
});
const asManifest = { 'content-type': mediaTypes.ociManifest };
const ociError = (code: string, message?: string) =>
  JSON.stringify({ errors: [{ code, message }] });
const content = Buffer.alloc(300_000, 'content ');
const blob = {
  mediaType: mediaTypes.ociLayer,
  digest: digestOf(content),
  size: content.length,
};

async function withSource(
  script: Script,
  work: (context: {
    registry: Awaited<ReturnType<typeof scriptedRegistry>>;
    client: ReturnType<typeof impatientClient>;
    source: ReturnType<typeof registrySource>;
  }) => Promise<void>,
  name = 'team/app:v1',
): Promise<void> {
  await using registry = await scriptedRegistry(script);
  using client = impatientClient();
  const source = registrySource(client, parseReference(`${registry.host}/${name}`));
  await work({ registry, client, source });
}

/** Answers requests for the manifest and for the blob. */
const serve =
  (manifests: ScriptedReply, blobs: ScriptedReply = {}): Script =>
  ({ path }) => {
    if (path.includes('/manifests/')) return manifests;
    return path.includes('/blobs/') ? blobs : undefined;
  };

describe('the root manifest', () => {
  test('is described by type, digest and size, bytes untouched', () =>
    withSource(serve({ headers: asManifest, body: manifest }), async ({ registry, source }) => {
      const { descriptor, bytes } = await source.root();
      assert.deepEqual(descriptor, {
        mediaType: mediaTypes.ociManifest,
        digest: digestOf(manifest),
        size: manifest.length,
      });
      assert.equal(Buffer.from(bytes).toString(), manifest);
      assert.deepEqual(registry.lines(), ['GET /v2/', 'GET /v2/team/app/manifests/v1']);
      assert.match(String(registry.seen[1]?.headers.accept), /manifest\.list\.v2\+json/);
    }));

  test('asked for by digest must have it', () =>
    withSource(
      serve({ headers: asManifest, body: manifest }),
      async ({ source }) => {
        await assert.rejects(source.root(), { kind: 'invalid', code: 'DIGEST_INVALID' });
      },
      `team/app@${digestOf('another')}`,
    ));

  for (const [what, reply, expected] of [
    [
      'another digest than the registry says',
      { headers: { ...asManifest, 'docker-content-digest': digestOf('x') }, body: manifest },
      { code: 'DIGEST_INVALID' },
    ],
    ['no JSON and no type', { body: '<html>' }, { code: 'MANIFEST_INVALID' }],
    [
      'a login page',
      { headers: { 'content-type': 'text/html' }, body: '{}' },
      { kind: 'unsupported' },
    ],
    [
      'schema 1',
      {
        headers: { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
        body: '{}',
      },
      { kind: 'unsupported', message: /is no longer supported/ },
    ],
    ['over 4 MiB', { headers: asManifest, body: '{'.padEnd(4_194_305) }, { code: 'SIZE_INVALID' }],
  ] as const) {
    test(`is refused when it has ${what}`, () =>
      withSource(serve(reply), async ({ source }) => {
        await assert.rejects(source.root(), expected);
      }));
  }

  test('has its type from its body when the header says nothing', () =>
    withSource(serve({ body: manifest }), async ({ source }) => {
      assert.equal((await source.root()).descriptor.mediaType, mediaTypes.ociManifest);
    }));
});

describe('errors are in Docker’s words', () => {
  for (const [reply, message] of [
    [
      { status: 404, body: ociError('MANIFEST_UNKNOWN', 'manifest unknown') },
      'manifest for HOST/team/app:v1 not found: manifest unknown: manifest unknown',
    ],
    [
      { status: 404, body: ociError('NAME_UNKNOWN', 'repository name not known to registry') },
      'repository HOST/team/app not found: name unknown: repository name not known to registry',
    ],
    [
      { status: 403, body: ociError('DENIED') },
      "pull access denied for HOST/team/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ],
    [
      { status: 401, body: ociError('UNAUTHORIZED', 'authentication required') },
      'unauthorized: authentication required',
    ],
    [{ status: 401, body: 'nothing of use' }, 'unauthorized: authentication required'],
    [{ status: 500, body: 'oops' }, 'received unexpected HTTP status: 500 Internal Server Error'],
    [{ status: 400, body: ociError('bad code', 'x\x1b[31m') }, 'unknown: x\ufffd[31m'],
  ] as const) {
    test(message.slice(0, 60), () =>
      withSource(serve(reply), async ({ registry, source }) => {
        const expected = message.replaceAll('HOST', registry.host);
        await assert.rejects(source.root(), { message: expected });
      }),
    );
  }

  test('several errors are listed', () => {
    const errors = [{ code: 'TOOMANYREQUESTS' }, { code: 'UNKNOWN', message: 'more' }];
    const reply = { status: 400, body: JSON.stringify({ errors }) };
    return withSource(serve(reply), async ({ source }) => {
      const message = 'errors:\ntoomanyrequests: too many requests\nunknown: more\n';
      await assert.rejects(source.root(), { message });
    });
  });
});

describe('a blob', () => {
  const ranged: Script = ({ path, headers }) => {
    if (!path.includes('/blobs/')) return undefined;
    const start = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
    const body = content.subarray(start);
    const range = `bytes ${start}-${content.length - 1}/${content.length}`;
    const part = start > 0 ? { status: 206, headers: { 'content-range': range } } : {};
    return { ...part, body, cutAfterBytes: 100_000 };
  };

  test('goes on where a connection broke', () =>
    withSource(ranged, async ({ registry, source }) => {
      assert.ok((await collect(source.blob(blob, { offset: 0 }), 1e9)).equals(content));
      const ranges = registry.seen.map(({ headers }) => headers.range);
      assert.ok(ranges.length >= 3 && ranges.at(-1)?.startsWith('bytes='), String(ranges));
    }));

  test('begins where it is asked to', () =>
    withSource(ranged, async ({ source }) => {
      const rest = await collect(source.blob(blob, { offset: 123_456 }), 1e9);
      assert.ok(rest.equals(content.subarray(123_456)));
      assert.equal((await collect(source.blob(blob, { offset: blob.size }), 1)).length, 0);
    }));

  test('is read over when the registry knows no ranges', () => {
    let cut = true;
    const script: Script = ({ path }) => {
      if (!path.includes('/blobs/')) return undefined;
      const reply = { body: content, ...(cut && { cutAfterBytes: 70_000 }) };
      cut = false;
      return reply;
    };
    return withSource(script, async ({ source }) => {
      assert.ok((await collect(source.blob(blob, { offset: 0 }), 1e9)).equals(content));
    });
  });

  test('that never comes further fails in the end', () => {
    const script: Script = ({ path }) =>
      path.includes('/blobs/') ? { body: content, cutAfterBytes: 0 } : undefined;
    return withSource(script, async ({ source, client }) => {
      await assert.rejects(collect(source.blob(blob, { offset: 0 }), 1e9), { kind: 'unavailable' });
      assert.ok(client.pauses.length > 0);
    });
  });

  test('that is too short fails', () => {
    const script = serve({}, { body: content.subarray(0, 5) });
    return withSource(script, async ({ source }) => {
      const short = collect(source.blob(blob, { offset: 0 }), 1e9);
      await assert.rejects(short, { code: 'SIZE_INVALID' });
    });
  });

  test('that is too long is cut off', () => {
    const script = serve({}, { body: Buffer.concat([content, content]) });
    return withSource(script, async ({ source }) => {
      const long = collect(source.blob(blob, { offset: 0 }), 1e9);
      await assert.rejects(long, { code: 'SIZE_INVALID' });
    });
  });

  test('that is absent is unknown', () =>
    withSource(serve({}, { status: 404 }), async ({ source }) => {
      await assert.rejects(collect(source.blob(blob, { offset: 0 }), 1e9), {
        kind: 'not-found',
        message: 'unknown blob',
      });
    }));

  test('stops when it is told to', () => {
    const script: Script = ({ path }) => {
      if (!path.includes('/blobs/')) return undefined;
      return (response) => void response.writeHead(200).write(content.subarray(0, 10));
    };
    return withSource(script, async ({ source }) => {
      const stop = new AbortController();
      const work = async () => {
        for await (const chunk of source.blob(blob, { offset: 0, signal: stop.signal })) {
          assert.equal(chunk.length, 10);
          stop.abort();
        }
      };
      await assert.rejects(work(), { kind: 'canceled' });
    });
  });
});

describe('a busy or broken registry', () => {
  test('is asked again when it says', () => {
    let answers = 0;
    const script: Script = ({ path }) => {
      if (path === '/v2/') return undefined;
      answers++;
      if (answers === 1) return { status: 429, headers: { 'retry-after': '7' } };
      if (answers === 2) return { status: 503 };
      return { headers: asManifest, body: manifest };
    };
    return withSource(script, async ({ source, client }) => {
      await source.root();
      assert.equal(client.pauses[0], 7000);
      assert.equal(client.pauses.length, 2);
    });
  });

  test('is not waited for without end', () => {
    const script = serve({ status: 429, headers: { 'retry-after': '99999' } });
    return withSource(script, async ({ source, client }) => {
      await assert.rejects(source.root(), { message: 'toomanyrequests: too many requests' });
      assert.deepEqual(new Set(client.pauses), new Set([60_000]));
      assert.equal(client.pauses.length, 3);
    });
  });

  test('nobody listens', async () => {
    const { host } = await closedRegistry();
    using client = impatientClient();
    await assert.rejects(registrySource(client, parseReference(`${host}/a:b`)).root(), {
      kind: 'unavailable',
      message: `Get "http://${host}/v2/": dial tcp ${host}: connect: connection refused`,
    });
  });
});

async function closedRegistry() {
  const registry = await scriptedRegistry(() => undefined);
  await registry[Symbol.asyncDispose]();
  return registry;
}
