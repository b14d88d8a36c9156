import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { layeredImage, sampleArchive } from '../../../test/contract/sample-layers.ts';
import { type ByteStream, digestOf, streamOf } from '../../core/index.ts';
import type { Image } from '../image.ts';
import { tarHeader, tarTrailer } from '../tar/tar-header.ts';
import { analyzeImage } from './analyze-image.ts';
import { LayerTree } from './layer-tree.ts';
import { scanLayer } from './scan-layer.ts';

/** An image whose one layer is these bytes, whatever they are. */
async function imageOf(bytes: Uint8Array, mediaType?: string): Promise<Image> {
  const image = await layeredImage([{ members: {} }]);
  const [layer] = image.layers;
  return {
    ...image,
    layers: [
      {
        ...layer!,
        descriptor: {
          mediaType: mediaType ?? layer!.descriptor.mediaType,
          digest: digestOf(bytes),
          size: bytes.length,
        },
        open: () => streamOf(bytes),
      },
    ],
  };
}

const gzipType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const whole = sampleArchive({ 'a/': '', 'a/b': 5000, c: 100 });
const packed = gzipSync(whole);
const header = (path: string, sizeBytes = 0) => tarHeader({ path, type: 'file', sizeBytes });

const refused: [name: string, bytes: Uint8Array, mediaType?: string][] = [
  ['text', Buffer.from('not an archive, but long enough to be one block of it'.repeat(20))],
  ['JSON', Buffer.from(JSON.stringify({ a: 'x'.repeat(600) }))],
  ['an ELF file', Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(2000, 7)])],
  ['an archive cut in a file', whole.subarray(0, 3000)],
  ['an archive cut in a header', whole.subarray(0, 700)],
  ['a size beyond the end', Buffer.concat([header('big', 2 ** 40), tarTrailer])],
  ['gzip that is cut', packed.subarray(0, packed.length - 20), gzipType],
  ['gzip that is damaged', Buffer.concat([packed.subarray(0, 60), Buffer.alloc(500, 9)]), gzipType],
  ['what is said to be gzip', whole, gzipType],
  ['a path of 10,000 parts', Buffer.concat([header(`${'d/'.repeat(10_000)}f`), tarTrailer])],
  ['a name of 256 bytes', Buffer.concat([header('n'.repeat(256)), tarTrailer])],
  ['a size below zero', Buffer.concat([withSize(Buffer.alloc(12, 0xff)), tarTrailer])],
  ['a size of 2^95', Buffer.concat([withSize(Buffer.from('80ffffffffffffffffffffff', 'hex'))])],
  ['a size that is no number', Buffer.concat([withSize(Buffer.from('0000000x000\0')), tarTrailer])],
  ['a pax header of 2 GB', Buffer.concat([blockOf('x', 2 ** 31), Buffer.alloc(5000, 0x20)])],
  ['a pax size below zero', Buffer.concat([paxMember('size=-5'), tarTrailer])],
  ['a pax record that lies', Buffer.concat([paxMember('9999 path=x\n', ''), tarTrailer])],
  ['a name above the root', Buffer.concat([header('../../etc/passwd'), tarTrailer])],
  ['a name below a whiteout', Buffer.concat([header('.wh.a/b'), tarTrailer])],
];

for (const [name, bytes, mediaType] of refused) {
  test(`refused: ${name}`, async () => {
    const image = await imageOf(bytes, mediaType);
    await assert.rejects(analyzeImage(image), {
      kind: 'invalid',
      message: /^analyze layer 0 \(sha/,
    });
  });
}

for (const [mediaType, bytes] of [
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', packed],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', packed],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', zstdCompressSync(whole)],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', whole],
] as const) {
  test(`a layer of type ${mediaType}`, async () => {
    const { efficiency } = await analyzeImage(await imageOf(bytes, mediaType));
    assert.equal(efficiency.sizeBytes, 5100);
  });
}

test('odd members that are no error', async () => {
  const { tree, efficiency } = await analyzeImage(
    await layeredImage([
      { members: { './': '', '/abs': 1, 'a//b/../c': 2, 'x\ny\x1b[1m': 3, '.wh..wh.aufs': 4 } },
      { members: { 'abs/child': 5, 'abs/child/': '' } },
      { members: { '.wh.abs': 0, 'a/.wh.c': 0, 'abs/.wh.child': 0 } },
    ]),
  );
  const { paths } = tree;
  assert.ok(['abs', 'a/c', 'x\ny\x1b[1m', 'abs/child'].every((path) => paths.find(path) > 0));
  assert.equal(efficiency.sizeBytes, 1 + 2 + 3 + 4 + 5);
});

test('a sparse file of 2^50 bytes costs what is stored of it', async () => {
  const records = [
    'GNU.sparse.major=1',
    'GNU.sparse.minor=0',
    'GNU.sparse.name=huge',
    `GNU.sparse.realsize=${2 ** 50}`,
  ];
  const pax = Buffer.from(records.map(paxRecord).join(''));
  const map = Buffer.alloc(512);
  map.write(`1\n${2 ** 50 - 512}\n512\n`);
  const archive = Buffer.concat([
    blockOf('x', pax.length),
    padded(pax),
    header('GNUSparseFile.0/huge', 1024),
    map,
    Buffer.alloc(512, 1),
    tarTrailer,
  ]);
  const { tree } = await analyzeImage(await imageOf(archive));
  assert.equal(tree.layers[0]!.tree.sizeBytes, 2 ** 50);
});

/** A file's header with this in place of its size. */
function withSize(size: Buffer): Buffer {
  const block = Buffer.from(header('f'));
  size.copy(block, 124);
  return withChecksum(block);
}

/** A pax header of one record, or of this text as it is, and the file it is about. */
function paxMember(record: string, text = paxRecord(record)): Buffer {
  const bytes = Buffer.from(text || record);
  return Buffer.concat([blockOf('x', bytes.length), padded(bytes), header('f')]);
}

function paxRecord(record: string): string {
  let length = record.length + 3;
  while (`${length} ${record}\n`.length !== length) length++;
  return `${length} ${record}\n`;
}

function blockOf(flag: string, sizeBytes: number): Buffer {
  const block = Buffer.from(header('pax', sizeBytes));
  block.write(flag, 156);
  return withChecksum(block);
}

function withChecksum(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

test('a hundred thousand members, many directories deep, in little memory', async () => {
  async function* archive(): ByteStream {
    const deep = 'd/'.repeat(200);
    for (let i = 0; i < 100_000; i++) yield header(`${deep}${i % 100}/${i}`);
    yield tarTrailer;
  }
  const tree = new LayerTree();
  await scanLayer(archive(), { tree });
  assert.equal(tree.count, 1 + 200 + 100 + 100_000);
  assert.equal(tree.paths.pathOf(tree.paths.find(`${'d/'.repeat(200)}7/7`)).length, 403);
});

test('layers that together bring more packages than an image can have', async () => {
  const status = 'Package: a\nVersion: 1\n\n'.repeat(190_000);
  const layers = [0, 1, 2].map((index) => ({
    members: { [`var/lib/dpkg/status.d/${index}`]: status },
  }));
  const { packages, unread } = (await analyzeImage(await layeredImage(layers))).inventory;
  assert.deepEqual([packages.length, unread.length], [380_000, 1]);
});

test('a database of more packages than any system has is not read', async () => {
  const status = 'P:a\nV:1\n\n'.repeat(200_001);
  const members = { 'lib/apk/db/installed': status };
  const { inventory } = await analyzeImage(await layeredImage([{ members }]));
  assert.deepEqual(inventory.packages, []);
  assert.deepEqual(inventory.unread, [{ path: '/lib/apk/db/installed', layer: 0 }]);
});

test('more members than a budget has are refused', async () => {
  const budget = { members: 2, packages: 0, secrets: 0 };
  const archive = streamOf(sampleArchive({ a: 1, b: 1, c: 1 }));
  await assert.rejects(scanLayer(archive, { tree: new LayerTree(), budget }), {
    kind: 'invalid',
    message: /members$/,
  });
});

test('an image of a hundred layers that remove one directory over and over', async () => {
  const files = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`d/f${i}`, 1]));
  const layers = [
    { members: files },
    ...Array.from({ length: 99 }, () => ({ members: { '.wh.d': 0 } })),
  ];
  const { efficiency } = await analyzeImage(await layeredImage(layers));
  assert.equal(efficiency.repeated[0]!.count, 99);
});

test('leaving early stops reading', async () => {
  const leaving = new AbortController();
  const image = await imageOf(whole);
  const [layer] = image.layers;
  async function* endless(signal: AbortSignal | undefined): ByteStream {
    for (let i = 0; ; i++) {
      signal?.throwIfAborted();
      if (i === 5) leaving.abort();
      yield header(`f${i}`);
    }
  }
  const layers = [{ ...layer!, open: ({ signal }: { signal?: AbortSignal }) => endless(signal) }];
  await assert.rejects(analyzeImage({ ...image, layers }, { signal: leaving.signal }), {
    name: 'AbortError',
  });
});
