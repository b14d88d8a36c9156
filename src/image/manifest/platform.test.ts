import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, hostPlatform, parsePlatform } from '../../core/index.ts';
import type { Index } from './manifest.ts';
import { mediaTypes } from './media-types.ts';
import { platformMatches, selectPlatform } from './platform.ts';

function indexOf(...platforms: (string | undefined)[]): Index {
  const manifests = platforms.map((text, position) => {
    const digest = digestOf(String(position));
    const descriptor = { mediaType: mediaTypes.ociManifest, digest, size: position };
    return text === undefined ? descriptor : { ...descriptor, platform: parsePlatform(text) };
  });
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
}

for (const [wanted, offered, position] of [
  ['linux/amd64', ['linux/arm64', 'linux/amd64'], 1],
  // The first of equals.
  ['linux/amd64', ['linux/amd64', 'linux/amd64'], 0],
  ['linux/amd64', ['linux/386', 'linux/amd64'], 1],
  ['linux/amd64', ['linux/386', 'linux/arm64'], 0],
  ['linux/amd64', ['linux/amd64/v2', 'linux/386'], 1],
  ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2', 'linux/amd64/v4'], 1],
  ['linux/amd64/v1', ['linux/386', 'linux/amd64'], 1],
  ['linux/arm64', ['linux/arm/v7', 'linux/arm64/v8'], 1],
  ['linux/arm64/v8', ['linux/arm64'], 0],
  ['linux/arm64', ['linux/arm/v6', 'linux/arm/v7'], 1],
  ['linux/arm64/v9', ['linux/arm64', 'linux/arm64/v8.5'], 1],
  ['linux/arm64/v9.2', ['linux/arm64/v8.7', 'linux/arm64/v9.1', 'linux/arm64/v9.3'], 1],
  ['linux/arm64/v8.2', ['linux/arm64', 'linux/arm64/v8.1'], 1],
  ['linux/arm/v6', ['linux/arm/v7', 'linux/arm/v5', 'linux/arm/v6'], 2],
  ['linux/arm', ['linux/arm/v6', 'linux/arm/v7'], 1],
  ['linux/s390x', ['linux/ppc64le', 'linux/s390x'], 1],
  // Without a platform only when nothing else will do; attestations never.
  ['linux/amd64', [undefined, 'linux/amd64'], 1],
  ['linux/amd64', ['unknown/unknown', undefined, 'linux/arm64'], 1],
  ['linux/amd64', ['windows/amd64', 'linux/arm64'], undefined],
  ['linux/386', ['linux/amd64'], undefined],
  ['linux/arm/v5', ['linux/arm/v6', 'linux/arm64'], undefined],
  ['linux/amd64', ['linux/amd64/v2'], undefined],
  ['linux/amd64', [], undefined],
] as const) {
  test(`select ${wanted} of ${offered.join(' ') || 'nothing'}`, () => {
    const platform = parsePlatform(wanted);
    if (position === undefined) {
      assert.throws(() => selectPlatform(indexOf(...offered), platform), {
        kind: 'not-found',
        message: `no matching manifest for ${wanted} in the manifest list entries`,
      });
    } else assert.equal(selectPlatform(indexOf(...offered), platform).size, position);
  });
}

test('whether one platform runs on another', () => {
  const matches = (wanted: string, offered: string) =>
    platformMatches(parsePlatform(wanted), parsePlatform(offered));
  assert.ok(matches('linux/arm64', 'linux/arm64/v8'));
  assert.ok(!matches('linux/arm64', 'linux/amd64'));
  assert.ok(platformMatches(hostPlatform(), hostPlatform()));
});
