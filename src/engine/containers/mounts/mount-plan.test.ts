import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HostConfig, MountSpec } from '../container-config.ts';
import { parseVolumesFrom, planMounts } from './mount-plan.ts';

const first = (config: HostConfig) => {
  const plan = planMounts(config)[0]!;
  return Object.fromEntries(Object.entries(plan).filter(([, value]) => value !== ''));
};
const bind = {
  kind: 'bind',
  propagation: 'rprivate',
  nonRecursive: false,
  readOnly: false,
  readOnlyRecursive: 'if-possible',
  createSource: true,
};
const volume = { kind: 'volume', labels: {}, options: {}, copy: true, readOnly: false, mode: 'z' };

describe('planMounts', () => {
  for (const [text, expected] of [
    ['/a:/b', { ...bind, source: '/a', destination: '/b' }],
    ['/a/../c/:/b/', { ...bind, source: '/c/', destination: '/b' }],
    ['/a:/b:ro', { ...bind, source: '/a', destination: '/b', readOnly: true, mode: 'ro' }],
    [
      '/a:/b:rslave,Z',
      { ...bind, source: '/a', destination: '/b', propagation: 'rslave', mode: 'rslave,Z' },
    ],
    ['data:/b', { ...volume, name: 'data', destination: '/b' }],
    [
      'data:/b:nocopy,ro',
      {
        ...volume,
        name: 'data',
        destination: '/b',
        copy: false,
        readOnly: true,
        mode: 'nocopy,ro',
      },
    ],
    ['/b', { ...volume, destination: '/b' }],
  ] as const) {
    it(`reads -v ${text}`, () => assert.deepEqual(first({ Binds: [text] }), expected));
  }

  for (const [text, message] of [
    ['', /invalid volume specification: ''/],
    [':/b', /invalid volume specification/],
    ['/a:ro', /invalid volume specification: '\/a:ro'/],
    ['/a:b', /mount path must be absolute/],
    ['/a:/', /destination can't be '\/'/],
    ['/a:/..', /destination can't be '\/'/],
    ['/a:/b:ro,rw', /invalid mode: ro,rw/],
    ['/a:/b:magic', /invalid mode: magic/],
    ['/a:/b:ro:x', /invalid volume specification/],
  ] as const) {
    it(`refuses -v "${text}"`, () => {
      assert.throws(() => planMounts({ Binds: [text] }), { kind: 'invalid', message });
    });
  }

  it('reads --mount of every type', () => {
    const mounts: MountSpec[] = [
      {
        Type: 'bind',
        Source: '/a',
        Target: '/1',
        ReadOnly: true,
        BindOptions: { NonRecursive: true, ReadOnlyForceRecursive: true },
      },
      {
        Type: 'volume',
        Source: 'v',
        Target: '/2',
        VolumeOptions: {
          Subpath: 'x/../y',
          Labels: { l: '1' },
          DriverConfig: { Name: 'local', Options: { o: 'ro' } },
        },
      },
      {
        Type: 'tmpfs',
        Target: '/3',
        TmpfsOptions: { SizeBytes: 100, Mode: 0o700, Options: [['exec']] },
      },
    ];
    assert.deepEqual(planMounts({ Mounts: mounts }), [
      {
        ...bind,
        source: '/a',
        destination: '/1',
        mode: '',
        readOnly: true,
        nonRecursive: true,
        readOnlyRecursive: 'always',
        createSource: false,
      },
      {
        ...volume,
        name: 'v',
        destination: '/2',
        driver: 'local',
        labels: { l: '1' },
        options: { o: 'ro' },
        subpath: 'y',
      },
      {
        kind: 'tmpfs',
        destination: '/3',
        readOnly: false,
        mode: '',
        options: ['exec', 'mode=700', 'size=100'],
        hidden: false,
      },
    ]);
  });

  for (const [what, spec, message] of [
    ['no target', { Type: 'bind', Source: '/a', Target: '' }, /field Target must not be empty/],
    [
      'no source',
      { Type: 'bind', Target: '/b' },
      /invalid mount config for type "bind": field Source must not be empty/,
    ],
    [
      'a relative source',
      { Type: 'bind', Source: 'a', Target: '/b' },
      /mount path must be absolute/,
    ],
    [
      'an unknown propagation',
      { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { Propagation: 'x' } },
      /invalid propagation mode: x/,
    ],
    [
      'a subpath that leaves',
      { Type: 'volume', Source: 'v', Target: '/b', VolumeOptions: { Subpath: 'a/../../b' } },
      /subpath must be a relative path within the volume/,
    ],
    [
      'a read-only anonymous volume',
      { Type: 'volume', Target: '/b', ReadOnly: true },
      /must not set ReadOnly mode/,
    ],
    [
      'a tmpfs with a source',
      { Type: 'tmpfs', Source: 'x', Target: '/b' },
      /field Source must not be specified/,
    ],
    ['an unknown type', { Type: 'npipe', Source: 'x', Target: '/b' }, /mount type unknown/],
  ] satisfies [string, MountSpec, RegExp][]) {
    it(`refuses --mount with ${what}`, () => {
      assert.throws(() => planMounts({ Mounts: [spec] }), { kind: 'invalid', message });
    });
  }

  it('refuses one place twice, however it is asked for', () => {
    for (const config of [
      { Binds: ['/a:/b', 'v:/b/'] },
      { Binds: ['/a:/b'], Mounts: [{ Type: 'tmpfs' as const, Target: '/b' }] },
      { Binds: ['/a:/b'], Tmpfs: { '/b': '' } },
    ]) {
      assert.throws(() => planMounts(config), /Duplicate mount point: \/b/);
    }
  });

  it('reads --tmpfs and refuses options the kernel does not know', () => {
    assert.deepEqual(first({ Tmpfs: { '/run': 'size=1m,exec' } }).options, ['size=1m', 'exec']);
    assert.throws(() => planMounts({ Tmpfs: { '/run': 'loop' } }), /Invalid tmpfs option "loop"/);
  });
});

describe('parseVolumesFrom', () => {
  it('reads container and mode', () => {
    assert.deepEqual(parseVolumesFrom('web'), { container: 'web', readOnly: false });
    assert.deepEqual(parseVolumesFrom('web:ro,z'), { container: 'web', readOnly: true });
    for (const text of ['', ':ro', 'web:rshared', 'web:nocopy', 'web:x']) {
      assert.throws(() => parseVolumesFrom(text), { kind: 'invalid' });
    }
  });
});
