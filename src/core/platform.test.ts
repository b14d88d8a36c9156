import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlatform, hostPlatform, parsePlatform } from './platform.ts';

for (const [text, formatted] of [
  ['linux/amd64', 'linux/amd64'],
  ['linux/arm64/v8', 'linux/arm64/v8'],
  ['linux/arm/v7', 'linux/arm/v7'],
  ['linux/arm/7', 'linux/arm/v7'],
  ['Linux/X86_64', 'linux/amd64'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/armhf', 'linux/arm'],
  ['linux/armel', 'linux/arm/v6'],
  ['arm64', 'linux/arm64'],
  ['ARMEL', 'linux/arm/v6'],
  ['macOS/arm64', 'darwin/arm64'],
  ['linux/arm64/8', 'linux/arm64/v8'],
  ['linux/amd64/v1', 'linux/amd64'],
  ['windows/amd64', 'windows/amd64'],
  ['linux', formatPlatform(hostPlatform())],
] as const) {
  test(`platform ${text}`, () => assert.equal(formatPlatform(parsePlatform(text)), formatted));
}

for (const text of [
  '',
  'none',
  '/',
  'linux/',
  'linux//v8',
  'a/b/c/d',
  'linux/amd 64',
  'linux/*',
  '../..\0',
]) {
  test(`bad platform "${text}"`, () => {
    assert.throws(() => parsePlatform(text), { kind: 'invalid', message: /: invalid argument$/ });
  });
}
