import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageSinkContract } from '../../../test/contract/image-sink.ts';
import { imageSourceContract, type SourceUnderTest } from '../../../test/contract/image-source.ts';
import { memorySink } from '../../../test/contract/memory-sink.ts';
import { collect, parseReference, streamOf } from '../../core/index.ts';
import { compress } from '../compression/compression.ts';
import { encodeDocument, type Image, layerArchive } from '../image.ts';
import { imageSource } from '../mutate.ts';
import { writeTar } from '../tar/write-tar.ts';
import { copyImage } from '../transfer/copy-image.ts';
import { directoryFiles } from './directory-files.ts';
import { layoutSink } from './layout-sink.ts';
import type { MemberFiles } from './member-files.ts';
import { readImages } from './read-images.ts';
import { openTarFiles, spoolTarFiles } from './tar-files.ts';
import { writeArchive } from './write-archive.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const limit = 1 << 26;

async function scratch(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'berth-archive-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The only image of the files, to be disposed of with them and their folder. */
async function onlyImage(files: MemberFiles, folder: AsyncDisposable): Promise<SourceUnderTest> {
  const images = await readImages(files);
  assert.equal(images.length, 1);
  return {
    source: images[0]!.source,
    async [Symbol.asyncDispose]() {
      await files[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const reference = parseReference('example.org/sample:one');
const saved = (image: Image) =>
  writeArchive([{ source: imageSource(image), references: [reference] }], { platform });

/** What Docker wrote before version 25: a config, and a folder for each layer, not compressed. */
async function legacyArchive(image: Image): Promise<Buffer> {
  const config = `${image.manifest.config.digest.slice(7)}.json`;
  const members: { path: string; content: Uint8Array }[] = [
    { path: config, content: image.rawConfig },
  ];
  const paths: string[] = [];
  for (const [index, layer] of image.layers.entries()) {
    const path = `layer${index}/layer.tar`;
    members.push({ path, content: await collect(layerArchive(layer), limit) });
    paths.push(path);
  }
  const manifest = [{ Config: config, RepoTags: ['example.org/sample:one'], Layers: paths }];
  members.push({ path: 'manifest.json', content: encodeDocument(manifest) });
  const entries = members.map(({ path, content }) => ({
    entry: { path, type: 'file' as const, sizeBytes: content.length },
    content: [content],
  }));
  return collect(writeTar(entries), limit);
}

imageSourceContract('image in memory', async (image) => ({
  source: imageSource(image),
  async [Symbol.asyncDispose]() {},
}));

imageSourceContract('OCI layout directory', async (image) => {
  const folder = await scratch();
  const sink = layoutSink(folder.path);
  await copyImage({ source: imageSource(image), sink, platform, tags: ['one'] });
  return onlyImage(directoryFiles(folder.path), folder);
});

imageSourceContract('archive of today, as a file', async (image) => {
  const folder = await scratch();
  const path = join(folder.path, 'image.tar');
  await writeFile(path, saved(image));
  return onlyImage(await openTarFiles(path, { spoolDirectory: folder.path }), folder);
});

imageSourceContract('archive of today, compressed, as a file', async (image) => {
  const folder = await scratch();
  const path = join(folder.path, 'image.tar.gz');
  await writeFile(path, compress(saved(image), 'gzip'));
  return onlyImage(await openTarFiles(path, { spoolDirectory: folder.path }), folder);
});

imageSourceContract('archive of today, as a stream', async (image) => {
  const folder = await scratch();
  return onlyImage(await spoolTarFiles(saved(image), { spoolDirectory: folder.path }), folder);
});

imageSourceContract(
  'archive of old, as a compressed stream',
  async (image) => {
    const folder = await scratch();
    const archive = await legacyArchive(image);
    const stream = compress(streamOf(archive), 'zstd');
    return onlyImage(await spoolTarFiles(stream, { spoolDirectory: folder.path }), folder);
  },
  { makesManifest: true },
);

imageSinkContract('memory', async () => {
  const { sink, sourceOf } = memorySink();
  return { sink, readBack: async (tag) => sourceOf(tag), async [Symbol.asyncDispose]() {} };
});

imageSinkContract('OCI layout directory', async () => {
  const folder = await scratch();
  const path = join(folder.path, 'made', 'when', 'needed');
  await mkdir(folder.path, { recursive: true });
  return {
    sink: layoutSink(path),
    async readBack(tag) {
      const images = await readImages(directoryFiles(path));
      const found = images.filter(({ refNames }) => refNames.includes(tag));
      assert.equal(found.length, 1);
      return found[0]!.source;
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});
