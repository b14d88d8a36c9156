import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familiarReference, formatReference, parseReference } from './reference.ts';

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
