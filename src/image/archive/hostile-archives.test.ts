import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { archiveOf, sampleImage } from '../../../test/contract/sample-image.ts';
import { collect, digestOf, formatReference, parseReference, streamOf } from '../../core/index.ts';
import { encodeDocument, type Image, layerArchive } from '../image.ts';
import { mediaTypes } from '../manifest/media-types.ts';
import { imageSource } from '../mutate.ts';
import { openImage } from '../open-image.ts';
import { readTar } from '../tar/read-tar.ts';
import { type NewTarEntry, tarHeader, tarPadding, tarTrailer } from '../tar/tar-header.ts';
import { validateImage } from '../validate-image.ts';
import { readImages } from './read-images.ts';
import { openTarFiles, spoolTarFiles } from './tar-files.ts';
import { writeArchive } from './write-archive.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-hostile-'));
});
after(() => rm(folder, { recursive: true }));

const platform = { os: 'linux', architecture: 'amd64' };
const limit = 1 << 26;

type Member = Partial<NewTarEntry> & { path: string; content?: string | Uint8Array };

function tarOf(...members: Member[]): Buffer {
  const parts = members.flatMap(({ content = '', ...entry }) => {
    const bytes = Buffer.from(content as string);
    const sizeBytes = bytes.length;
    return [tarHeader({ type: 'file', ...entry, sizeBytes }), bytes, tarPadding(sizeBytes)];
  });
  return Buffer.concat([...parts, tarTrailer]);
}

/** Both faces on the same bytes: spooled from a stream, and in place as a file. */
async function read(archive: Uint8Array): Promise<string[]> {
  const path = join(folder, 'archive.tar');
  await writeFile(path, archive);
  await using inPlace = await openTarFiles(path, { spoolDirectory: folder });
  await using spooled = await spoolTarFiles(streamOf(archive), { spoolDirectory: folder });
  const found: string[] = [];
  for (const files of [inPlace, spooled]) {
    for (const image of await readImages(files)) {
      const opened = await openImage(image.source, { platform });
      for (const layer of opened.layers) {
        assert.equal(digestOf(await collect(layerArchive(layer), limit)), layer.diffId);
      }
      found.push(opened.manifest.config.digest);
    }
  }
  return found;
}

const layer = archiveOf({ 'etc/hostname': 'berth' });
const config = encodeDocument({
  architecture: 'amd64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
});
const manifestJson = (change: object = {}) =>
  encodeDocument([{ Config: 'c.json', RepoTags: ['a:b'], Layers: ['l/layer.tar'], ...change }]);
const member = {
  config: { path: 'c.json', content: config },
  layer: { path: 'l/layer.tar', content: layer },
};
const manifest = { path: 'manifest.json', content: manifestJson() };

test('names written in odd ways, links within, a duplicate of which the last counts', async () => {
  const id = digestOf(config);
  for (const members of [
    [member.config, member.layer, manifest],
    [{ ...member.config, path: './c.json' }, { ...member.layer, path: '/l//layer.tar' }, manifest],
    [
      member.config,
      { ...member.layer, path: 'x/layer.tar' },
      { path: 'l/layer.tar', type: 'symlink' as const, linkTarget: '../x/layer.tar' },
      manifest,
    ],
    [
      member.config,
      { ...member.layer, path: 'x' },
      { path: 'l/layer.tar', type: 'hardlink' as const, linkTarget: 'x' },
      manifest,
    ],
    [member.config, { ...member.layer, content: 'old' }, member.layer, manifest],
    [{ path: 'manifest.json', content: '[]' }, member.config, member.layer, manifest],
    [
      { path: 'dev', type: 'character-device' as const, deviceMajor: 1, deviceMinor: 3 },
      member.config,
      member.layer,
      manifest,
    ],
  ]) {
    assert.deepEqual(await read(tarOf(...members)), [id, id]);
  }
});

for (const [name, members, message] of [
  [
    'a member outside',
    [{ path: '../../etc/passwd', content: 'x' }, manifest],
    /"..\/..\/etc\/passwd" is outside/,
  ],
  [
    'a link to the outside',
    [{ path: 'l', type: 'symlink', linkTarget: '../../etc/passwd' }, manifest],
    /outside of/,
  ],
  [
    'a hardlink to the outside',
    [{ path: 'l', type: 'hardlink', linkTarget: '../x' }, manifest],
    /outside of/,
  ],
  [
    'links in a circle',
    [
      { path: 'c.json', type: 'symlink', linkTarget: 'd' },
      { path: 'd', type: 'symlink', linkTarget: 'c.json' },
      manifest,
    ],
    /over 8 links from "c.json"/,
  ],
  [
    'a link to nothing',
    [{ path: 'c.json', type: 'symlink', linkTarget: '/etc/passwd' }, manifest],
    /config "c.json" is missing/,
  ],
  ['nothing of an image', [{ path: 'readme', content: 'x' }], /unrecognized image format/],
  ['no members', [], /unrecognized image format/],
  ['no config', [member.layer, manifest], /config "c.json" is missing/],
  ['no layer', [member.config, manifest], /layer "l\/layer.tar" is missing/],
  [
    'a config with a way out',
    [{ ...manifest, content: manifestJson({ Config: '../c.json' }) }],
    /outside of/,
  ],
  [
    'a layer with a way out',
    [{ ...manifest, content: manifestJson({ Layers: ['/../../l'] }) }],
    /outside of/,
  ],
  [
    'a layer with NUL',
    [{ ...manifest, content: manifestJson({ Layers: ['a\0b'] }) }],
    /holds a NUL/,
  ],
  [
    'too many layers',
    [
      member.config,
      member.layer,
      { ...manifest, content: manifestJson({ Layers: ['l/layer.tar', 'l/layer.tar'] }) },
    ],
    /layers length mismatch: expected 2, got 1/,
  ],
  [
    'a bad tag',
    [member.config, member.layer, { ...manifest, content: manifestJson({ RepoTags: ['A B'] }) }],
    /invalid reference format/,
  ],
  [
    'tags no list',
    [{ ...manifest, content: manifestJson({ RepoTags: 'a:b' }) }],
    /RepoTags is "a:b", not a list/,
  ],
  [
    'a manifest no list',
    [{ ...manifest, content: '{}' }],
    /parse manifest.json: is an object, not a list/,
  ],
  [
    'a huge manifest',
    [{ ...manifest, content: Buffer.alloc(5 << 20, ' ') }],
    /more than the allowed 4194304/,
  ],
  [
    'a config that is none',
    [{ ...member.config, content: '[]' }, member.layer, manifest],
    /parse image config/,
  ],
  [
    'a layer in xz',
    [member.config, { ...member.layer, content: Buffer.from('\xfd7zXZ\0', 'latin1') }, manifest],
    /compressed with xz/,
  ],
  [
    'a layout of another version',
    [{ path: 'oci-layout', content: '{"imageLayoutVersion":"2"}' }],
    /version "2" is not 1.0.0/,
  ],
  [
    'a layout without index',
    [{ path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' }],
    /it has no index.json/,
  ],
] as [string, Member[], RegExp][]) {
  test(`archive with ${name}`, async () => {
    await assert.rejects(read(tarOf(...members)), { name: 'BerthError', message });
  });
}

test('a layer with other content than the config says is found by who reads it', async () => {
  const archive = tarOf(
    member.config,
    { ...member.layer, content: archiveOf({ a: 'b' }) },
    manifest,
  );
  await using files = await spoolTarFiles(streamOf(archive), { spoolDirectory: folder });
  const [image] = await readImages(files);
  const findings = await validateImage(image!.source);
  assert.deepEqual(
    findings.map(({ rule }) => rule),
    ['digest', 'diff-id'],
  );
});

test('a cut archive is refused, in place and spooled', async () => {
  const whole = tarOf(member.config, member.layer, manifest);
  const cut = whole.subarray(0, whole.indexOf('berth') + 2);
  await assert.rejects(read(cut), { kind: 'invalid', message: /archive is cut/ });
});

test('an archive of endless members is refused', async () => {
  const endless = async function* () {
    for (let first = 0; ; first += 1000) {
      const headers = Array.from({ length: 1000 }, (_, i) =>
        tarHeader({ path: String(first + i), type: 'file' }),
      );
      yield Buffer.concat(headers);
    }
  };
  await assert.rejects(spoolTarFiles(endless(), { spoolDirectory: folder }), /over 100000 members/);
});

test('nothing is left of a spool, not even while it is read', async () => {
  const archive = tarOf(member.config, member.layer, manifest);
  const before = await readdir(folder);
  await using files = await spoolTarFiles(streamOf(archive), { spoolDirectory: folder });
  assert.deepEqual(await readdir(folder), before);
  assert.equal((await collect(files.open('c.json', { offset: 0 }), limit)).length, config.length);
});

test('an archive of one version of Docker, whose manifests lack the layers', async () => {
  const image = await sampleImage({ compressions: ['none', 'none'] });
  const lacking = encodeDocument({ ...image.manifest, layers: [] });
  const digest = digestOf(lacking);
  const blob = (name: string) => `blobs/sha256/${name.slice(7)}`;
  const entry = {
    Config: blob(image.manifest.config.digest),
    RepoTags: ['sample:one', 'sample:two'],
    Layers: image.layers.map((one) => blob(one.descriptor.digest)),
  };
  const descriptor = { mediaType: mediaTypes.ociManifest, digest, size: lacking.length };
  const members: Member[] = [
    { path: blob(digest), content: lacking },
    { path: entry.Config, content: image.rawConfig },
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', content: encodeDocument({ schemaVersion: 2, manifests: [descriptor] }) },
    { path: 'manifest.json', content: encodeDocument([entry]) },
  ];
  for (const [index, one] of image.layers.entries()) {
    members.push({ path: entry.Layers[index]!, content: await collect(layerArchive(one), limit) });
  }
  await using files = await spoolTarFiles(streamOf(tarOf(...members)), { spoolDirectory: folder });
  const [found] = await readImages(files);
  assert.deepEqual(found?.references.map(formatReference), [
    'docker.io/library/sample:one',
    'docker.io/library/sample:two',
  ]);
  assert.deepEqual(await validateImage(found!.source), []);
  assert.equal((await openImage(found!.source, { platform })).layers.length, 2);
});

const saved = (images: readonly Image[], names: readonly string[]) =>
  collect(
    writeArchive(
      images.map((image) => ({
        source: imageSource(image),
        references: names.map((name) => parseReference(name)),
      })),
      { platform },
    ),
    limit,
  );

test('an archive of two images with shared layers: members, names, the same bytes each time', async () => {
  const one = await sampleImage({ compressions: ['gzip'] });
  const two = await sampleImage({ compressions: ['gzip', 'zstd'] });
  const archive = await saved([one, two], ['a:1', 'host:5000/b/c:2']);
  assert.ok(archive.equals(await saved([one, two], ['a:1', 'host:5000/b/c:2'])));
  const paths: string[] = [];
  const documents = new Map<string, string>();
  for await (const { entry, content } of readTar(streamOf(archive))) {
    paths.push(entry.path);
    if (!entry.path.startsWith('blobs/')) {
      documents.set(entry.path, String(await collect(content(), limit)));
    }
  }
  assert.deepEqual(paths, paths.toSorted());
  assert.equal(paths.filter((path) => /^blobs\/sha256\/./.test(path)).length, 2 + 2 + 2);
  assert.deepEqual(
    paths.filter((path) => !path.startsWith('blobs/sha256/')),
    ['blobs/', 'index.json', 'manifest.json', 'oci-layout', 'repositories'],
  );
  const entries = JSON.parse(documents.get('manifest.json')!);
  assert.deepEqual(entries[1].RepoTags, ['a:1', 'host:5000/b/c:2']);
  assert.deepEqual(
    Object.keys(entries[1].LayerSources),
    two.layers.map(({ diffId }) => diffId),
  );
  const top = two.layers.at(-1)!.diffId.slice(7);
  assert.deepEqual(JSON.parse(documents.get('repositories')!), {
    a: { 1: top },
    'host:5000/b/c': { 2: top },
  });
  await using files = await spoolTarFiles(streamOf(archive), { spoolDirectory: folder });
  const images = await readImages(files);
  assert.deepEqual(
    images.map((image) => image.references.map(formatReference)),
    [
      ['docker.io/library/a:1', 'host:5000/b/c:2'],
      ['docker.io/library/a:1', 'host:5000/b/c:2'],
    ],
  );
});

test('a blob that is not what its digest says breaks the archive off', async () => {
  const image = await sampleImage();
  const source = imageSource(image);
  const lying = {
    ...source,
    async *blob(...[descriptor, options]: Parameters<typeof source.blob>) {
      for await (const chunk of source.blob(descriptor, options)) {
        yield descriptor.size > 10_000 ? Buffer.from(chunk).fill(0) : chunk;
      }
    },
  };
  const archive = writeArchive([{ source: lying, references: [] }], { platform });
  await assert.rejects(collect(archive, limit), { kind: 'invalid', code: 'DIGEST_INVALID' });
});
