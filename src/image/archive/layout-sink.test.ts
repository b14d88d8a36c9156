import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { noise, sampleImage } from '../../../test/contract/sample-image.ts';
import { type ByteStream, digestOf, unavailable } from '../../core/index.ts';
import { mediaTypes } from '../manifest/media-types.ts';
import { imageSource } from '../mutate.ts';
import { copyImage } from '../transfer/copy-image.ts';
import { layoutSink } from './layout-sink.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-layout-'));
});
afterEach(() => rm(folder, { recursive: true }));

const content = noise(200_000, 'layout');
const blob = { mediaType: mediaTypes.ociLayer, digest: digestOf(content), size: content.length };
const ingest = () => join(folder, '.ingest', `sha256-${blob.digest.slice(7)}`);

function watchedOpen(offsets: number[], end = content.length) {
  return async function* (offset: number): ByteStream {
    offsets.push(offset);
    yield content.subarray(offset, end);
    if (end < content.length) throw unavailable('cut');
  };
}

test('a new process takes up what the one before had', async () => {
  const offsets: number[] = [];
  const cut = watchedOpen(offsets, 120_000);
  await assert.rejects(layoutSink(folder).putBlob(blob, cut, {}), /cut/);
  await layoutSink(folder).putBlob(blob, watchedOpen(offsets), {});
  assert.deepEqual(offsets, [0, 120_000]);
  assert.deepEqual(await readdir(join(folder, '.ingest')), []);
});

for (const [what, left, expected] of [
  ['is damaged', Buffer.from(content.subarray(0, 90_000)).fill(0, 5, 6), [90_000, 0]],
  ['is whole but wrong', Buffer.alloc(content.length), [0]],
  ['is too long', Buffer.alloc(content.length + 1), [0]],
  ['is whole', content, []],
  ['is empty', Buffer.alloc(0), [0]],
] as const) {
  test(`what an earlier process left ${what}`, async () => {
    await mkdir(join(folder, '.ingest'), { recursive: true });
    await writeFile(ingest(), left);
    const offsets: number[] = [];
    await layoutSink(folder).putBlob(blob, watchedOpen(offsets), {});
    assert.deepEqual(offsets, expected);
    const path = join(folder, 'blobs/sha256', blob.digest.slice(7));
    assert.ok((await readFile(path)).equals(content));
  });
}

test('of two writers of one blob the second goes on where the first was cut', async () => {
  const sink = layoutSink(folder);
  const offsets: number[] = [];
  const first = sink.putBlob(blob, watchedOpen(offsets, 120_000), {});
  const second = sink.putBlob(blob, watchedOpen(offsets), {});
  const third = sink.putBlob(blob, watchedOpen(offsets), {});
  await assert.rejects(first, /cut/);
  await Promise.all([second, third]);
  assert.deepEqual(offsets, [0, 120_000]);
});

test('the index: one entry a tag, nameless only when there is no tag, others left alone', async () => {
  const platform = { os: 'linux', architecture: 'amd64' };
  const put = async (name: string, tags: string[]) => {
    const source = imageSource(await sampleImage({ name, compressions: ['none'] }));
    const { copied } = await copyImage({ source, sink: layoutSink(folder), platform, tags });
    return copied.descriptor.digest;
  };
  const entries = async () => {
    const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
    return index.manifests.map(
      ({ digest, annotations }: { digest: string; annotations?: Record<string, string> }) =>
        `${annotations?.['org.opencontainers.image.ref.name'] ?? '-'} ${digest.slice(7, 19)}`,
    );
  };
  const a = (await put('a', [])).slice(7, 19);
  assert.deepEqual(await entries(), [`- ${a}`]);
  await put('a', []);
  assert.deepEqual(await entries(), [`- ${a}`]);
  await put('a', ['one', 'two']);
  assert.deepEqual(await entries(), [`one ${a}`, `two ${a}`]);
  await put('a', []);
  assert.deepEqual(await entries(), [`one ${a}`, `two ${a}`]);
  const b = (await put('b', ['two'])).slice(7, 19);
  assert.deepEqual(await entries(), [`one ${a}`, `two ${b}`]);
});

test('manifests put side by side all stand in the index', async () => {
  const sink = layoutSink(folder);
  const names = ['a', 'b', 'c', 'd', 'e'];
  const images = await Promise.all(names.map((name) => sampleImage({ name, compressions: [] })));
  await Promise.all(
    images.map((image, at) => sink.putManifest(image.rawManifest, { tags: [names[at]!] })),
  );
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
  assert.equal(index.manifests.length, 5);
});
