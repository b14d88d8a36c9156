import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type ByteStream, collect, streamOf, unavailable } from '../../core/index.ts';
import {
  compress,
  type DecompressOptions,
  decompress,
  decompressDetected,
  sniffCompression,
} from './compression.ts';

/** Text that compresses somewhat, the same in every run. */
function sample(sizeBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i * 64 < sizeBytes; i++) {
    parts.push(Buffer.from(createHash('sha256').update(String(i)).digest('hex')));
  }
  return Buffer.concat(parts).subarray(0, sizeBytes);
}

async function* inPieces(bytes: Uint8Array, pieceBytes: number): ByteStream {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

const limit = 1 << 26;
const unpack = (bytes: Uint8Array, compression: 'gzip' | 'zstd', options: DecompressOptions = {}) =>
  collect(decompress(inPieces(bytes, 1000), compression, options), limit);

const blockBytes = 512 * 1024;
for (const sizeBytes of [0, 1, 1000, blockBytes - 1, blockBytes, blockBytes + 1, 5 * blockBytes]) {
  test(`gzip and zstd of ${sizeBytes} bytes, there and back`, async () => {
    const content = sample(sizeBytes);
    const gzipped = await collect(compress(inPieces(content, 70_000), 'gzip'), limit);
    assert.ok(gunzipSync(gzipped).equals(content));
    assert.ok((await unpack(gzipped, 'gzip')).equals(content));
    const zstd = await collect(compress(inPieces(content, 70_000), 'zstd'), limit);
    assert.ok(zstdDecompressSync(zstd).equals(content));
    assert.ok((await unpack(zstd, 'zstd')).equals(content));
  });
}

test('gzip gives the same bytes however its input comes', async () => {
  const content = sample(3 * blockBytes + 17);
  const whole = await collect(compress(streamOf(content), 'gzip'), limit);
  for (const pieceBytes of [999, blockBytes, 700_000]) {
    const again = await collect(compress(inPieces(content, pieceBytes), 'gzip'), limit);
    assert.ok(again.equals(whole));
  }
});

test('levels are heeded', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} says ${(i * 7919) % 1009}\n`);
  const content = Buffer.from(lines.join(''));
  for (const compression of ['gzip', 'zstd'] as const) {
    const fast = await collect(compress(streamOf(content), compression, { level: 1 }), limit);
    const best = await collect(compress(streamOf(content), compression, { level: 9 }), limit);
    assert.ok(best.length < fast.length, `${compression}: ${best.length} < ${fast.length}`);
  }
});

const hello = { gzip: gzipSync('hello'), zstd: zstdCompressSync('hello') };
const world = { gzip: gzipSync(' world'), zstd: zstdCompressSync(' world') };
const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]);
const emptySkippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
const runs = zstdCompressSync(Buffer.alloc(300_000, 'r'));

for (const [name, compression, parts, expected] of [
  ['gzip of two members', 'gzip', [hello.gzip, world.gzip], 'hello world'],
  ['gzip with an empty member', 'gzip', [gzipSync(''), hello.gzip], 'hello'],
  ['gzip padded with zeros', 'gzip', [hello.gzip, Buffer.alloc(5000)], 'hello'],
  ['zstd of two frames', 'zstd', [hello.zstd, world.zstd], 'hello world'],
  [
    'zstd between skippable frames',
    'zstd',
    [skippable, hello.zstd, emptySkippable, world.zstd, skippable],
    'hello world',
  ],
  ['zstd of an empty frame', 'zstd', [zstdCompressSync(''), hello.zstd], 'hello'],
  ['zstd of run-length blocks', 'zstd', [runs, hello.zstd], `${'r'.repeat(300_000)}hello`],
] as const) {
  const bytes = Buffer.concat(parts);
  for (const pieceBytes of [bytes.length, 1, 13]) {
    test(`${name}, in pieces of ${pieceBytes}`, async () => {
      let drained = false;
      const stream = async function* () {
        yield* inPieces(bytes, pieceBytes);
        drained = true;
      };
      assert.equal(String(await collect(decompress(stream(), compression), limit)), expected);
      assert.ok(drained, 'a verifying stream must come to its end');
    });
  }
}

for (const compression of ['gzip', 'zstd'] as const) {
  const two = Buffer.concat([hello[compression], world[compression]]);
  for (let cut = 0; cut < two.length; cut++) {
    if (cut === hello[compression].length) continue;
    test(`${compression} cut after ${cut} of ${two.length} bytes`, async () => {
      await assert.rejects(unpack(two.subarray(0, cut), compression), {
        kind: 'invalid',
        message: new RegExp(`decompress ${compression}: `),
      });
    });
  }

  test(`${compression} with any byte changed is refused or tells the truth`, async () => {
    const content = sample(2000);
    const bytes = await collect(compress(streamOf(content), compression), limit);
    for (let at = 0; at < bytes.length; at += 7) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 0x55;
      const result = await unpack(damaged, compression).catch((error) => error);
      if (Buffer.isBuffer(result)) assert.ok(result.equals(content), `byte ${at}`);
      else assert.equal(result.kind, 'invalid', String(result));
    }
  });

  test(`${compression} bomb is stopped at the limit`, async () => {
    const bomb =
      compression === 'gzip'
        ? gzipSync(Buffer.alloc(1 << 25))
        : zstdCompressSync(Buffer.alloc(1 << 25));
    assert.ok(bomb.length < 40_000);
    let seen = 0;
    await assert.rejects(
      async () => {
        const options = { mostBytes: 1 << 20 };
        for await (const chunk of decompress(streamOf(bomb), compression, options))
          seen += chunk.length;
      },
      { kind: 'invalid', code: 'SIZE_INVALID' },
    );
    assert.ok(seen <= 1 << 20);
    assert.equal((await unpack(hello[compression], compression, { mostBytes: 5 })).length, 5);
  });

  test(`${compression}: the source's error comes through, an early leave closes the source`, async () => {
    const error = unavailable('read blob: connection cut');
    const failing = async function* () {
      yield hello[compression].subarray(0, 12);
      throw error;
    };
    await assert.rejects(collect(decompress(failing(), compression), limit), error);
    await assert.rejects(collect(compress(failing(), compression), limit), error);

    const noise = sample(1 << 22);
    const packed = compression === 'gzip' ? gzipSync(noise) : zstdCompressSync(noise);
    const closed = Promise.withResolvers<void>();
    const endless = async function* () {
      try {
        for (;;) yield* inPieces(packed, 65536);
      } finally {
        closed.resolve();
      }
    };
    for await (const chunk of decompress(endless(), compression)) {
      assert.ok(chunk.length > 0);
      break;
    }
    await closed.promise;
  });
}

for (const [name, bytes, expected] of [
  ['gzip', hello.gzip, 'gzip'],
  ['zstd', hello.zstd, 'zstd'],
  ['zstd after a skippable frame', skippable, 'zstd'],
  ['bzip2', Buffer.from('BZh91AY'), 'bzip2'],
  ['xz', Buffer.from('\xfd7zXZ\0\0', 'latin1'), 'xz'],
  ['text', Buffer.from('hello'), 'none'],
  ['nothing', Buffer.alloc(0), 'none'],
  ['half a magic number', hello.gzip.subarray(0, 2), 'none'],
] as const) {
  test(`sniff ${name}`, () => assert.equal(sniffCompression(bytes), expected));
}

test('detection looks at the first bytes, in whatever pieces they come', async () => {
  const content = sample(5000);
  for (const bytes of [content, gzipSync(content), zstdCompressSync(content)]) {
    for (const pieceBytes of [1, 4, bytes.length]) {
      const found = await collect(decompressDetected(inPieces(bytes, pieceBytes)), limit);
      assert.ok(found.equals(content));
    }
  }
  assert.equal((await collect(decompressDetected(streamOf()), limit)).length, 0);
  assert.equal(String(await collect(decompressDetected(streamOf('ab')), limit)), 'ab');
  await assert.rejects(collect(decompressDetected(streamOf('BZh91AY')), limit), {
    kind: 'unsupported',
    message: /compressed with bzip2/,
  });
});
