import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type ByteStream, collect, streamOf, verifying } from './bytes.ts';
import { digestOf, finishDigest, parseDigest } from './digest.ts';

test('collect joins pieces, of text and bytes, also of none', async () => {
  assert.equal(String(await collect(streamOf('a', '', Buffer.from('bc')), 3)), 'abc');
  assert.equal((await collect(streamOf(), 0)).length, 0);
});

test('collect stops a stream without end at the limit and closes it', async () => {
  let closed = false;
  const endless = async function* (): ByteStream {
    try {
      for (;;) yield Buffer.alloc(1000);
    } finally {
      closed = true;
    }
  };
  await assert.rejects(collect(endless(), 10_000), {
    kind: 'invalid',
    code: 'SIZE_INVALID',
    message: 'read stream: more than the allowed 10000 bytes',
  });
  assert.ok(closed);
});

const digest = digestOf('hello');
const sha512 = finishDigest(createHash('sha512').update('hello'), 'sha512');

test('verifying passes on what is as announced', async () => {
  for (const expected of [{ digest }, { digest, sizeBytes: 5 }, { digest: sha512, sizeBytes: 5 }]) {
    assert.equal(String(await collect(verifying(streamOf('he', 'llo'), expected), 9)), 'hello');
  }
  assert.equal((await collect(verifying(streamOf(), { digest: digestOf('') }), 9)).length, 0);
});

for (const [name, parts, sizeBytes, code] of [
  ['other bytes', ['hallo'], 5, 'DIGEST_INVALID'],
  ['other bytes, size not known', ['hallo'], undefined, 'DIGEST_INVALID'],
  ['too few', ['hell'], 5, 'SIZE_INVALID'],
  ['none', [], 5, 'SIZE_INVALID'],
  ['too many', ['hello', '!'], 5, 'SIZE_INVALID'],
] as const) {
  test(`verifying refuses ${name}`, async () => {
    const expected = { digest, ...(sizeBytes !== undefined && { sizeBytes }) };
    const stream = verifying(streamOf(...parts), expected);
    await assert.rejects(collect(stream, 100), { kind: 'invalid', code });
  });
}

test('verifying hands out nothing beyond the announced size', async () => {
  const seen: string[] = [];
  const stream = verifying(streamOf('hello', 'more', 'and more'), { digest, sizeBytes: 5 });
  await assert.rejects(async () => {
    for await (const chunk of stream) seen.push(String(chunk));
  });
  assert.deepEqual(seen, ['hello']);
});

test('verifying against another algorithm than the content was named by', async () => {
  const wrong = parseDigest(`sha512:${'0'.repeat(128)}`);
  await assert.rejects(collect(verifying(streamOf('hello'), { digest: wrong }), 9), {
    message: new RegExp(`has digest ${sha512}`),
  });
});
