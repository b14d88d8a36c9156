import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familiarReference, formatReference, isIdPrefix, parseReference } from './reference.ts';

const hex = 'a'.repeat(64);

for (const [text, canonical, familiar] of [
  ['ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
  ['library/ubuntu:22.04', 'docker.io/library/ubuntu:22.04', 'ubuntu:22.04'],
  ['registry.hub.docker.com/library/ubuntu', 'docker.io/library/ubuntu:latest', 'ubuntu:latest'],
  ['user/name', 'docker.io/user/name:latest', 'user/name:latest'],
  ['localhost/a', 'localhost/a:latest', 'localhost/a:latest'],
  ['host:5000/a/b:t', 'host:5000/a/b:t', 'host:5000/a/b:t'],
  ['[::1]:5000/a', '[::1]:5000/a:latest', '[::1]:5000/a:latest'],
  [`a@sha256:${hex}`, `docker.io/library/a@sha256:${hex}`, `a@sha256:${hex}`],
  [`a:b@sha256:${hex}`, `docker.io/library/a:b@sha256:${hex}`, `a:b@sha256:${hex}`],
] as const) {
  test(`reference ${text}`, () => {
    const reference = parseReference(text);
    assert.equal(formatReference(reference), canonical);
    assert.equal(familiarReference(reference), familiar);
    assert.deepEqual(parseReference(canonical), reference);
  });
}

for (const text of [
  '',
  'Ubuntu',
  'a b',
  'a:',
  'a//b',
  '/a',
  'a/',
  '-a',
  'a@sha256:12',
  'a:.t',
  '../etc',
  'host:x/a',
  `a:${'t'.repeat(129)}`,
  'a'.repeat(300),
]) {
  test(`bad reference "${text.slice(0, 20)}"`, () => {
    assert.throws(() => parseReference(text), /invalid reference format/);
  });
}

test('without a default tag a bare name stays bare', () => {
  const reference = parseReference('a/b', { defaultTag: null });
  assert.deepEqual(reference, { domain: 'docker.io', path: 'a/b' });
  assert.equal(formatReference(reference), 'docker.io/a/b');
  assert.equal(parseReference('a/b', { defaultTag: 'edge' }).tag, 'edge');
  assert.equal(parseReference(`a@sha256:${hex}`).tag, undefined);
});

for (const [text, expected] of [
  ['abc', true],
  [hex, true],
  [`sha256:${hex}`, true],
  ['sha256:abc', true],
  ['', false],
  ['xyz', false],
  ['ABC', false],
  [`${hex}a`, false],
  ['sha512:abc', false],
] as const) {
  test(`"${text.slice(0, 12)}" ${expected ? 'can' : 'cannot'} be an id`, () => {
    assert.equal(isIdPrefix(text), expected);
  });
}

test('a name as long as one likes is refused in no time', () => {
  for (const text of [
    'a'.repeat(1e6),
    'a-'.repeat(5e5),
    `${'a/'.repeat(5e5)}!`,
    `${'-'.repeat(1e6)}`,
  ]) {
    assert.throws(
      () => parseReference(text),
      (error: Error) => error.message.length < 600,
    );
  }
});
