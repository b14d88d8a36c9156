import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ByteStream, collect, digestOf, parseReference } from '../../src/core/index.ts';
import {
  copyImage,
  type Descriptor,
  encodeDocument,
  type Image,
  type ImageSink,
  imageSource,
  mediaTypes,
  openImage,
  validateImage,
} from '../../src/image/index.ts';
import {
  checkLogin,
  createRegistryClient,
  listRepositories,
  listTags,
  type RegistryClient,
  registrySink,
  registrySource,
} from '../../src/registry/index.ts';
import { noise, sampleImage } from '../contract/sample-image.ts';
import { ok, type ServerProcess, startPeerRegistry, startRegistry } from './registry/processes.ts';

/* Berth's client against Debian's docker-registry and against Berth's own registry. */

const platform = { os: 'linux', architecture: 'amd64' };
const large = noise(48 * 1024 * 1024, 'large');
const blob: Descriptor = {
  mediaType: mediaTypes.ociLayer,
  digest: digestOf(large),
  size: large.length,
};
let image: Image;
let client: RegistryClient;
before(async () => {
  image = await sampleImage();
  client = createRegistryClient();
});
after(() => client[Symbol.dispose]());

async function push(name: string): Promise<void> {
  const reference = parseReference(name);
  const sink = registrySink(client, reference);
  await copyImage({ source: imageSource(image), sink, platform, tags: [reference.tag!] });
}

async function pull(name: string): Promise<void> {
  const source = registrySource(client, parseReference(name));
  const found = await openImage(source, { platform });
  assert.equal(found.rawManifest.descriptor.digest, image.rawManifest.descriptor.digest);
  assert.deepEqual(await validateImage(source), []);
}

/** Puts the blob and calls `midway` when half of it has been sent. */
async function putLarge(sink: ImageSink, midway: () => Promise<void>): Promise<number[]> {
  const opened: number[] = [];
  const open = async function* (offset: number): ByteStream {
    opened.push(offset);
    const isFirst = opened.length === 1;
    for (let at = offset; at < large.length; at += 65_536) {
      if (isFirst && at >= large.length / 2) {
        await midway();
        // Not another byte: the connection is to be found dead.
        await sleep(60_000, undefined, { ref: false });
      }
      yield large.subarray(at, at + 65_536);
    }
  };
  for (let attempt = 1; ; attempt++) {
    try {
      await sink.putBlob(blob, open, {});
      return opened;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

for (const [name, start] of [
  ['docker-registry', startPeerRegistry],
  ['berth', startRegistry],
] as const) {
  describe(name, () => {
    let registry: ServerProcess;
    before(async () => {
      registry = await start();
    });
    after(() => registry[Symbol.asyncDispose]());
    const at = (reference: string) => `${registry.host}/${reference}`;

    test('an image goes there and back', async () => {
      await push(at('team/app:v1'));
      await push(at('team/app:v2'));
      await pull(at('team/app:v1'));
      await pull(at(`team/app@${image.rawManifest.descriptor.digest}`));
      const tags = await Array.fromAsync(listTags(client, parseReference(at('team/app'))));
      assert.deepEqual(tags.sort(), ['v1', 'v2']);
      assert.deepEqual(await Array.fromAsync(listRepositories(client, registry.host)), [
        'team/app',
      ]);
    });

    test('blobs are mounted from a repository that has them', async () => {
      await push(at('team/app:v1'));
      const mountFrom = () => ['team/app'];
      const sink = registrySink(client, parseReference(at('team/mounted:v1')), { mountFrom });
      const layer = image.layers[0]!.descriptor;
      const neverOpened = () => assert.fail('the blob was uploaded');
      await sink.putBlob(layer, neverOpened, {});
      assert.equal(await sink.hasBlob(layer), true);
    });

    test('an artifact is listed with what it refers to', async () => {
      await push(at('team/app:v1'));
      const sink = registrySink(client, parseReference(at('team/app:v1')));
      const subject = image.rawManifest.descriptor;
      for (const artifactType of ['text/sbom', 'text/signature']) {
        const bytes = encodeDocument({
          schemaVersion: 2,
          mediaType: mediaTypes.ociManifest,
          artifactType,
          config: image.manifest.config,
          layers: [],
          subject,
        });
        const mediaType = mediaTypes.ociManifest;
        const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
        await sink.putManifest({ descriptor, bytes }, { tags: [] });
      }
      // A registry that keeps such lists needs no tag for them.
      const tag = subject.digest.replace(':', '-');
      const place = name === 'berth' ? `referrers/${subject.digest}` : `manifests/${tag}`;
      const reply = await fetch(`http://${registry.host}/v2/team/app/${place}`, {
        headers: { accept: mediaTypes.ociIndex },
      });
      const index = (await reply.json()) as { manifests: { artifactType: string }[] };
      const types = index.manifests.map(({ artifactType }) => artifactType);
      assert.deepEqual(types.sort(), ['text/sbom', 'text/signature']);
    });

    test('what is not there, in Docker’s words', async () => {
      await push(at('team/app:v1'));
      for (const tag of ['team/app:none', 'team/none:v1']) {
        const source = registrySource(client, parseReference(at(tag)));
        await assert.rejects(source.root(), {
          kind: 'not-found',
          message: `manifest for ${at(tag)} not found: manifest unknown: manifest unknown`,
        });
      }
    });

    test('a push goes on after the registry was killed', async () => {
      const sink = registrySink(client, parseReference(at('team/resumed:v1')));
      const opened = await putLarge(sink, async () => {
        await sleep(200); // what was sent is on its way to the disk
        await registry.kill();
        await registry.start();
      });
      assert.equal(opened[0], 0);
      assert.ok(opened.length > 1, 'the upload was not cut');
      // docker-registry forgets what it had not synced; Berth goes on from what it had.
      if (name === 'berth') assert.ok(opened[1]! > large.length / 4, String(opened));
      assert.equal(await sink.hasBlob(blob), true);
    });

    test('a pull goes on after the registry was killed', async () => {
      const sink = registrySink(client, parseReference(at('team/large:v1')));
      await sink.putBlob(
        blob,
        async function* (offset) {
          yield large.subarray(offset);
        },
        {},
      );
      const source = registrySource(client, parseReference(at('team/large:v1')));
      let isCut = false;
      const watched = async function* (): ByteStream {
        let received = 0;
        for await (const chunk of source.blob(blob, { offset: 0 })) {
          received += chunk.length;
          yield chunk;
          if (isCut || received < large.length / 4) continue;
          isCut = true;
          await registry.kill();
          await registry.start();
        }
      };
      assert.ok((await collect(watched(), large.length)).equals(large));
      assert.ok(isCut);
    });

    test('a wrong digest and a truncated layer are refused', async () => {
      const sink = registrySink(client, parseReference(at('team/bad:v1')));
      const other = Buffer.from(large).fill(0, 1000, 1001);
      const wrong = async function* (offset: number): ByteStream {
        yield other.subarray(offset);
      };
      await assert.rejects(sink.putBlob(blob, wrong, {}), {
        kind: 'invalid',
        code: 'DIGEST_INVALID',
      });
      const short = async function* (offset: number): ByteStream {
        yield large.subarray(offset, 1_000_000);
      };
      await assert.rejects(sink.putBlob(blob, short, {}), { kind: 'invalid' });
      assert.equal(await sink.hasBlob(blob), false);
    });

    // docker-registry loses blobs that are pushed twice at the same moment.
    if (name === 'docker-registry') return;
    test('twenty pushes and pulls at once', async () => {
      const names = Array.from({ length: 20 }, (_, index) => at(`many/app${index % 5}:v${index}`));
      await Promise.all(names.map(push));
      await Promise.all(names.map(pull));
    });
  });
}

test('basic credentials of docker-registry', async () => {
  const hash = await ok('perl', [
    '-e',
    'print crypt("secret", "\\$2y\\$05\\$abcdefghijklmnopqrstuu")',
  ]);
  await using locked = await startPeerRegistry({ htpasswd: `bob:${hash}\n` });
  const reference = parseReference(`${locked.host}/bob/app:v1`);
  const credentials = { username: 'bob', password: 'secret' };
  const source = imageSource(image);
  const sink = registrySink(client, reference, { credentials });
  await copyImage({ source, sink, platform, tags: ['v1'] });
  const found = registrySource(client, reference, { credentials });
  assert.deepEqual(await validateImage(found), []);
  assert.deepEqual(await checkLogin(client, locked.host, credentials), {});
  await assert.rejects(checkLogin(client, locked.host, { ...credentials, password: 'x' }), {
    kind: 'unauthorized',
    message: `login attempt to http://${locked.host}/v2/ failed with status: 401 Unauthorized`,
  });
  await assert.rejects(copyImage({ source, sink: registrySink(client, reference), platform }), {
    message: 'no basic auth credentials',
  });
});
