import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  createWriteStream,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { layeredImage, sampleArchive } from '../../../test/contract/sample-layers.ts';
import { connect } from '../../client/index.ts';
import { BerthError, digestOf, parseReference } from '../../core/index.ts';
import { analyzeImage } from '../../image/analysis/index.ts';
import {
  copyImage,
  imageSource,
  layoutSink,
  tarHeader,
  tarPadding,
  tarTrailer,
  writeArchive,
} from '../../image/index.ts';
import { diveJson } from './dive-json.ts';
import { openTarget } from './open-target.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-hostile-'));
after(() => rmSync(folder, { recursive: true }));
let archive: Buffer;

before(async () => {
  const image = await layeredImage(
    [
      { members: { 'etc/': '', 'etc/a': 'some text '.repeat(300), 'lib/b': 2000 } },
      { members: { 'etc/.wh.a': 0, 'etc/c': 'other text '.repeat(100) } },
    ],
    'gzip',
  );
  const source = imageSource(image);
  const path = join(folder, 'whole.tar');
  const images = [{ source, references: [parseReference('x:1')] }];
  await pipeline(writeArchive(images), createWriteStream(path));
  archive = readFileSync(path);
  await copyImage({ source, sink: layoutSink(join(folder, 'layout')), tags: ['1'] });
});

async function analyzed(target: string, stdin: Readable = Readable.from([])): Promise<string> {
  const options = { connection: connect('unix:///nowhere'), stdin, onProgress: () => undefined };
  await using opened = await openTarget(target, options);
  return [...diveJson(await analyzeImage(opened.image))].join('');
}

const analyzedBytes = (bytes: Uint8Array) => analyzed('-', Readable.from([bytes]));

/** An error that says what is wrong, or the very same as of what is whole. */
async function refusedOr(expected: string | undefined, about: string, result: Promise<string>) {
  const outcome = await result.catch((error: unknown) => error);
  if (outcome instanceof BerthError) {
    assert.notEqual(outcome.kind, 'internal', about);
    return 'refused';
  }
  assert.ok(typeof outcome === 'string', `${about}: ${outcome}`);
  if (expected !== undefined) assert.equal(outcome, expected, about);
  return 'read';
}

test('an archive that is cut anywhere is refused, unless only its end mark is missing', async () => {
  const whole = await analyzedBytes(archive);
  let last = 0;
  for (let length = 0; length < archive.length; length += 191) {
    const about = `cut at ${length} of ${archive.length}`;
    const outcome = await refusedOr(whole, about, analyzedBytes(archive.subarray(0, length)));
    if (outcome === 'refused') last = length;
  }
  // Two blocks of zeros, and what fills the last record.
  assert.ok(archive.length - last < 11_000, `${last} of ${archive.length}`);
});

for (const [name, compress] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const) {
  test(`an archive compressed with ${name} that is cut anywhere is refused`, async () => {
    const packed = compress(archive);
    for (let length = 0; length < packed.length; length += 97) {
      const result = analyzedBytes(packed.subarray(0, length));
      assert.equal(await refusedOr(undefined, `cut at ${length}`, result), 'refused');
    }
  });
}

test('a layout with a blob that is cut anywhere is refused', async () => {
  const blobs = readdirSync(join(folder, 'layout/blobs/sha256'));
  for (const blob of blobs) {
    const copy = join(folder, 'cut');
    cpSync(join(folder, 'layout'), copy, { recursive: true });
    const path = join(copy, 'blobs/sha256', blob);
    const { length } = readFileSync(path);
    for (const left of [length - 1, length >> 1, 10, 0]) {
      truncateSync(path, left);
      const result = analyzed(`oci:${copy}`);
      assert.equal(await refusedOr(undefined, `${blob} at ${left}`, result), 'refused');
    }
    rmSync(copy, { recursive: true });
  }
});

test('a layout with a blob longer than its descriptor says is refused', async () => {
  for (const blob of readdirSync(join(folder, 'layout/blobs/sha256'))) {
    const copy = join(folder, 'longer');
    cpSync(join(folder, 'layout'), copy, { recursive: true });
    appendFileSync(join(copy, 'blobs/sha256', blob), 'more');
    assert.equal(await refusedOr(undefined, blob, analyzed(`oci:${copy}`)), 'refused');
    rmSync(copy, { recursive: true });
  }
});

test('an archive with any of its bytes changed is read or refused', async () => {
  for (let at = 0; at < archive.length; at += 211) {
    for (const value of [0, 0x37, 0x80, 0xff]) {
      const damaged = Buffer.from(archive);
      damaged[at] = value;
      await refusedOr(undefined, `byte ${at} is ${value}`, analyzedBytes(damaged));
    }
  }
});

function tarOf(files: Record<string, string | Uint8Array>): Buffer {
  const parts = Object.entries(files).flatMap(([path, content]) => {
    const bytes = Buffer.from(content as string);
    const header = tarHeader({ path, type: 'file', sizeBytes: bytes.length });
    return [header, bytes, tarPadding(bytes.length)];
  });
  return Buffer.concat([...parts, tarTrailer]);
}

const layer = sampleArchive({ a: 10 });
const config = {
  os: 'linux',
  architecture: 'amd64',
  config: {},
  rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
};
const manifest = [{ Config: 'c.json', RepoTags: ['x:1'], Layers: ['l/layer.tar'] }];

/** What `docker save` wrote, with one of its documents replaced by this text. */
function saved(documents: { manifest?: string; config?: string; layer?: Uint8Array }): Buffer {
  return tarOf({
    'c.json': documents.config ?? JSON.stringify(config),
    'l/layer.tar': documents.layer ?? layer,
    'manifest.json': documents.manifest ?? JSON.stringify(manifest),
  });
}

test('the sample that the cases below change can be read', async () => {
  assert.equal(await refusedOr(undefined, 'sample', analyzedBytes(saved({}))), 'read');
});

const changed = (value: object, change: object) => JSON.stringify({ ...value, ...change });
const [entry] = manifest;
const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
const documents: [name: string, documents: Parameters<typeof saved>[0]][] = [
  ['no JSON', { manifest: 'x' }],
  ['a number', { manifest: '7' }],
  ['null', { manifest: 'null' }],
  ['an entry that is null', { manifest: '[null]' }],
  ['no images', { manifest: '[]' }],
  ['layers that are no list', { manifest: `[${changed(entry!, { Layers: 'l' })}]` }],
  ['layers that are numbers', { manifest: `[${changed(entry!, { Layers: [1] })}]` }],
  [
    'more layers than the config has',
    { manifest: `[${changed(entry!, { Layers: ['l/layer.tar', 'l/layer.tar'] })}]` },
  ],
  ['fewer layers than the config has', { manifest: `[${changed(entry!, { Layers: [] })}]` }],
  ['a layer outside of it', { manifest: `[${changed(entry!, { Layers: ['../../etc/passwd'] })}]` }],
  ['itself as layer', { manifest: `[${changed(entry!, { Layers: ['manifest.json'] })}]` }],
  ['tags that are no names', { manifest: `[${changed(entry!, { RepoTags: ['\x1b[2J'] })}]` }],
  ['brackets without end', { manifest: deep }],
  ['a config that is a list', { config: '[]' }],
  ['a config without layers', { config: changed(config, { rootfs: {} }) }],
  [
    'a config whose layers are numbers',
    { config: changed(config, { rootfs: { type: 'layers', diff_ids: [1] } }) },
  ],
  ['a config of brackets', { config: deep }],
  ['a config of 100 MB', { config: changed(config, { author: 'x'.repeat(1e8) }) }],
  ['a manifest of 100 MB', { manifest: `[${changed(entry!, { x: 'x'.repeat(1e8) })}]` }],
  ['a layer that is a zip', { layer: Buffer.from(`PK\x03\x04${'x'.repeat(2000)}`) }],
  ['a layer that is not the one of the config', { layer: tarOf({ other: 'x' }) }],
  ['a layer of JSON', { layer: Buffer.from(JSON.stringify(config)) }],
];
for (const [name, change] of documents) {
  test(`refused: an image with ${name}`, async () => {
    assert.equal(await refusedOr(undefined, name, analyzedBytes(saved(change))), 'refused');
  });
}

test('a layer of no bytes is one without members, as in Docker', async () => {
  const layer = Buffer.alloc(0);
  const rootfs = { type: 'layers', diff_ids: [digestOf(layer)] };
  const bytes = saved({ layer, config: changed(config, { rootfs }) });
  assert.match(await analyzedBytes(bytes), /"fileList":\[\]/);
});

test('keys that are no keys to JavaScript change nothing', async () => {
  const text = JSON.stringify(config).slice(0, -1);
  const hostile = `${text},"__proto__":{"os":"evil","history":[1]},"constructor":{"prototype":{}}}`;
  assert.equal(await analyzedBytes(saved({ config: hostile })), await analyzedBytes(saved({})));
  assert.equal(({} as { os?: string }).os, undefined);
});

const index = (manifests: object[]) => JSON.stringify({ schemaVersion: 2, manifests });
const indexType = 'application/vnd.oci.image.index.v1+json';

test('refused: an index that names itself by a digest it cannot have', async () => {
  const digest = digestOf(Buffer.from('x'));
  const inner = index([{ mediaType: indexType, digest, size: 100 }]);
  const own = digestOf(Buffer.from(inner));
  const outer = index([{ mediaType: indexType, digest: own, size: inner.length }]);
  const bytes = tarOf({
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': outer,
    [`blobs/sha256/${own.slice(7)}`]: inner,
    [`blobs/sha256/${digest.slice(7)}`]: inner,
  });
  assert.equal(await refusedOr(undefined, 'cycle', analyzedBytes(bytes)), 'refused');
});

test('refused: a thousand indexes, each within the other', async () => {
  const files: Record<string, string> = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' };
  let text = index([]);
  for (let depth = 0; depth < 1000; depth++) {
    const digest = digestOf(Buffer.from(text));
    files[`blobs/sha256/${digest.slice(7)}`] = text;
    text = index([{ mediaType: indexType, digest, size: text.length }]);
  }
  files['index.json'] = text;
  assert.equal(await refusedOr(undefined, 'depth', analyzedBytes(tarOf(files))), 'refused');
});

const others: [name: string, start: string][] = [
  ['zip', 'PK\x03\x04'],
  ['PNG', '\x89PNG\r\n\x1a\n'],
  ['ELF', '\x7fELF\x02\x01\x01'],
  ['text', 'FROM debian\nRUN true\n'],
  ['gzip of text', gzipSync('hello'.repeat(1000)).toString('latin1')],
  ['zeros', '\0'.repeat(2000)],
];
for (const [name, start] of others) {
  test(`refused: ${name}`, async () => {
    const path = join(folder, 'other');
    writeFileSync(path, Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(3000, 7)]));
    assert.equal(await refusedOr(undefined, name, analyzed(path)), 'refused');
    assert.equal(await refusedOr(undefined, name, analyzedBytes(readFileSync(path))), 'refused');
  });
}
