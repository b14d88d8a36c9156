import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RemoteFolder } from '../../../build/index.ts';
import { streamOf } from '../../../core/index.ts';
import type { Session } from '../../../session/index.ts';
import { exportersOf } from './exporters.ts';
import { frontendCallOf } from './frontend-attributes.ts';

const session = {
  folder: (name: string) => ({ key: name }) as RemoteFolder,
  upload: (path: string) => streamOf(path),
  blobs: (store: string) => ({ store }),
} as unknown as Session;

const options = {
  session,
  cacheImports: [],
  cacheExports: [],
  entitlements: [],
  signal: new AbortController().signal,
};

const read = (attributes: Record<string, string>, more: Partial<typeof options> = {}) =>
  frontendCallOf(new Map(Object.entries(attributes)), { ...options, ...more });

describe('attributes', () => {
  test('none at all: the client’s folders', () => {
    const { request, dockerfile, subrequest } = read({});
    assert.deepEqual(dockerfile, { path: 'Dockerfile', folder: 'dockerfile' });
    assert.deepEqual(request.context, { kind: 'folder', folder: { key: 'context' } });
    assert.equal(subrequest, undefined);
    assert.equal(request.noCache, false);
    assert.equal(request.pull, false);
  });

  test('all that change the build', () => {
    const { request, dockerfile } = read({
      filename: 'a/Df',
      dockerfilekey: 'd',
      contextkey: 'c',
      target: 't',
      platform: 'linux/arm64/v8',
      'build-arg:A': 'x=y',
      'label:l': 'v',
      'no-cache': '',
      'image-resolve-mode': 'pull',
      'add-hosts': 'a=1.2.3.4,"b=::1"',
      'force-network-mode': 'host',
      'shm-size': '1024',
      ulimit: 'nofile=10:20,core=-1',
      'cgroup-parent': '/g',
      hostname: 'h',
      'cache-imports': '[{"Type":"registry","Attrs":{"ref":"r.example/c"}}]',
      'frontend.caps': 'moby.buildkit.frontend.inputs+forward',
      'vcs:revision': 'abc',
      'attest:provenance': 'disabled=true',
    });
    assert.deepEqual(dockerfile, { path: 'a/Df', folder: 'd' });
    assert.deepEqual(request, {
      context: { kind: 'folder', folder: { key: 'c' } },
      contexts: {},
      target: 't',
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
      buildArgs: { A: 'x=y' },
      labels: { l: 'v' },
      noCache: true,
      noCacheStages: [],
      pull: true,
      networkMode: 'host',
      extraHosts: ['a:1.2.3.4', 'b:::1'],
      hostname: 'h',
      shmSizeBytes: 1024,
      limits: {
        ulimits: [
          { name: 'nofile', soft: 10, hard: 20 },
          { name: 'core', soft: -1, hard: -1 },
        ],
        cgroupParent: '/g',
      },
      cacheFrom: [
        { kind: 'registry', reference: { domain: 'r.example', path: 'c', tag: 'latest' } },
      ],
      cacheTo: [],
      allow: [],
    });
  });

  test('stages without cache, the question, entitlements, caches out', () => {
    const registry = { Type: 'registry', Attrs: new Map([['ref', 'r.example/c']]) };
    const { request, subrequest } = read({ 'no-cache': 'a,b', requestid: 'frontend.lint' }, {
      entitlements: ['network.host'],
      cacheExports: [{ ...registry, Attrs: registry.Attrs.set('mode', 'max') }],
    } as never);
    assert.deepEqual([request.noCache, request.noCacheStages], [false, ['a', 'b']]);
    assert.equal(subrequest, 'frontend.lint');
    assert.deepEqual(request.allow, ['network.host']);
    assert.equal(request.cacheTo?.[0]?.mode, 'max');
  });

  test('contexts of every kind', () => {
    const kinds = { kind: 'folder', folder: { key: 'ctx2' } };
    const { request } = read({
      context: 'https://example.com/r.git#main',
      'context:files': 'local:ctx2',
      'context:img': 'docker-image://busybox:1',
      'context:repo': 'https://example.com/x.git',
      'context:lent': `oci-layout://store:1@sha256:${'a'.repeat(64)}`,
    });
    const lent = { kind: 'content', blobs: { store: 'store' }, digest: `sha256:${'a'.repeat(64)}` };
    assert.deepEqual(request.contexts?.lent, lent);
    assert.deepEqual(request.context, { kind: 'remote', url: 'https://example.com/r.git#main' });
    assert.deepEqual(request.contexts?.files, kinds);
    assert.equal(request.contexts?.img?.kind, 'image');
    assert.equal(request.contexts?.repo?.kind, 'remote');
    const uploaded = read({ context: 'http://buildkit-session/abc' });
    assert.equal(uploaded.request.context.kind, 'tar');
  });

  for (const [name, attributes, message] of [
    ['an unknown option', { 'new-thing': 'x' }, /option new-thing=x is not supported/],
    ['several platforms', { platform: 'linux/amd64,linux/arm64' }, /one platform at a time/],
    ['attestations', { 'attest:sbom': '' }, /attestations are not made here/],
    ['an oci layout’s tag alone', { 'context:a': 'oci-layout://x:1' }, /"\/\/x:1" has no digest/],
    ['a bad digest', { 'context:a': 'oci-layout://x@sha256:z' }, /"sha256:z" is not sha256/],
    ['another scheme', { 'context:a': 'ftp://x' }, /context a: .* is not supported/],
    ['a result of another target', { 'context:a': 'input:b' }, /there is no input "b"/],
    ['a bad size', { 'shm-size': '1m' }, /invalid shm-size: 1m/],
    ['a bad limit', { ulimit: 'nofile' }, /invalid ulimit argument: nofile/],
    ['a bad mode', { 'image-resolve-mode': 'x' }, /invalid image-resolve-mode: x/],
    ['no cache reference', { 'cache-imports': '[{"Type":"registry"}]' }, /without a ref/],
    ['another cache', { 'cache-imports': '[{"Type":"gha"}]' }, /type=gha is not supported/],
    ['bad JSON', { 'cache-imports': '{' }, /invalid cache-imports/],
  ] as const) {
    test(`${name} is refused`, () => {
      assert.throws(() => read(attributes), { message });
    });
  }

  test('folders without a session, and unknown entitlements, are refused', () => {
    assert.throws(() => read({}, { session: undefined as never }), /opened no session/);
    assert.throws(() => read({}, { entitlements: ['device'] as never }), /"device" is not known/);
  });
});

describe('exporters', () => {
  const of = (Type: string, attributes: Record<string, string> = {}) => ({
    Type,
    Attrs: new Map(Object.entries(attributes)),
  });

  test('images, archives and nothing', () => {
    assert.deepEqual(exportersOf([]).outputs, [{ kind: 'none' }]);
    const both = exportersOf([
      of('moby', {
        name: 'a:1,b.example/c',
        push: 'true',
        unpack: 'true',
        'rewrite-timestamp': 'true',
      }),
      of('local'),
      of('tar'),
    ]);
    assert.deepEqual(both.outputs, [
      { kind: 'image', push: true },
      { kind: 'local' },
      { kind: 'tar' },
    ]);
    assert.deepEqual(both.names, ['a:1', 'b.example/c']);
    assert.deepEqual(both.sent, [
      { id: '1', type: 'local' },
      { id: '2', type: 'tar' },
    ]);
  });

  for (const [name, spec, message] of [
    ['an unknown exporter', of('x'), /exporter "x" could not be found/],
    ['an unknown option', of('image', { squash: '1' }), /squash=1 is not supported/],
    ['a push by digest', of('image', { 'push-by-digest': 'true' }), /push-by-digest/],
    ['another compression', of('oci', { compression: 'zstd' }), /compression=zstd/],
    ['an unpacked layout', of('oci', { tar: 'false' }), /tar=false is not supported/],
    ['a digest in a name', of('moby', { name: `a@sha256:${'0'.repeat(64)}` }), /holds a digest/],
  ] as const) {
    test(`${name} is refused`, () => {
      assert.throws(() => exportersOf([spec]), { message });
    });
  }
});
