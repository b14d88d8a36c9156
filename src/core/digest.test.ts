import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  digestAlgorithm,
  digestHex,
  digestOf,
  finishDigest,
  isDigest,
  parseDigest,
} from './digest.ts';

const a64 = 'a'.repeat(64);
const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('digests of content', () => {
  assert.equal(digestOf(''), empty);
  assert.equal(digestOf(Buffer.alloc(0)), empty);
  assert.equal(digestOf('', 'sha512').slice(0, 15), 'sha512:cf83e135');
  assert.equal(finishDigest(createHash('sha256')), empty);
  assert.ok(isDigest(digestOf('x', 'sha512')));
});

test('parts of a digest', () => {
  const digest = parseDigest(`sha512:${'0'.repeat(128)}`);
  assert.equal(digestAlgorithm(digest), 'sha512');
  assert.equal(digestHex(digest), '0'.repeat(128));
  assert.equal(digestAlgorithm(parseDigest(empty)), 'sha256');
});

for (const text of [
  '',
  ':',
  'sha256',
  'sha256:',
  a64,
  `sha256:${a64.slice(1)}`,
  `sha256:${a64}a`,
  `sha256:${a64.slice(1)}A`,
  `sha256:${a64.slice(1)}g`,
  `sha256:${a64.slice(1)}\n`,
  `sha256:../${a64.slice(3)}`,
  `SHA256:${a64}`,
  `sha512:${a64}`,
  `sha1:${'a'.repeat(40)}`,
  `md5:${'a'.repeat(32)}`,
  `constructor:${a64}`,
  `__proto__:${a64}`,
  ` sha256:${a64}`,
  `sha256:sha256:${a64}`,
  'x'.repeat(100_000),
]) {
  test(`no digest: ${JSON.stringify(text.slice(0, 24))}`, () => {
    assert.equal(isDigest(text), false);
    assert.throws(
      () => parseDigest(text),
      (error: Error & { code?: string; kind?: string }) => {
        assert.equal(error.code, 'DIGEST_INVALID');
        assert.equal(error.kind, 'invalid');
        // What came from outside is not repeated at any length.
        return error.message.length < 300;
      },
    );
  });
}
