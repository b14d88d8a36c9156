import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResource } from './routes.ts';

for (const [path, expected] of [
  ['', { kind: 'base' }],
  ['/', { kind: 'base' }],
  ['/_catalog', { kind: 'catalog' }],
  ['/a/manifests/latest', { kind: 'manifest', name: 'a', reference: 'latest' }],
  ['/a/b/c/manifests/x', { kind: 'manifest', name: 'a/b/c', reference: 'x' }],
  ['/a/manifests/manifests/x', { kind: 'manifest', name: 'a/manifests', reference: 'x' }],
  ['/a/blobs/sha256:1', { kind: 'blob', name: 'a', reference: 'sha256:1' }],
  ['/a/blobs/uploads/', { kind: 'uploads', name: 'a', reference: '' }],
  ['/a/blobs/uploads', { kind: 'uploads', name: 'a', reference: '' }],
  ['/a/blobs/uploads/1234', { kind: 'upload', name: 'a', reference: '1234' }],
  ['/a/blobs/uploads/blobs/x', { kind: 'blob', name: 'a/blobs/uploads', reference: 'x' }],
  ['/a/tags/list', { kind: 'tags', name: 'a', reference: '' }],
  ['/a/referrers/sha256:1', { kind: 'referrers', name: 'a', reference: 'sha256:1' }],
  ['/a/tags/other', undefined],
  ['/manifests/latest', undefined],
  ['/uploads/1', undefined],
  ['/a', undefined],
  ['/a/uploads/1', undefined],
] as const) {
  test(`path ${path}`, () => assert.deepEqual(parseResource(path), expected));
}
