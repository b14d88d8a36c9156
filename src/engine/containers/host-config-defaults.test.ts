import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askedEndpoints, withHostDefaults } from './host-config-defaults.ts';

const host = { cgroupVersion: 1, thermalPaths: [] } as const;

describe('withHostDefaults', () => {
  it('fills in what Docker does', () => {
    const { MaskedPaths, ReadonlyPaths, ...rest } = withHostDefaults({}, host, 'runc');
    assert.ok(MaskedPaths?.includes('/proc/kcore') && ReadonlyPaths?.includes('/proc/sys'));
    assert.deepEqual(rest, {
      NetworkMode: 'bridge',
      IpcMode: 'private',
      CgroupnsMode: 'host',
      ShmSize: 67_108_864,
      MemorySwap: 0,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      LogConfig: { Type: 'json-file', Config: {} },
      Runtime: 'runc',
    });
  });

  it('gives swap as much again as memory, unless told', () => {
    assert.equal(withHostDefaults({ Memory: 100 }, host, 'runc').MemorySwap, 200);
    assert.equal(withHostDefaults({ Memory: 100, MemorySwap: -1 }, host, 'runc').MemorySwap, -1);
  });

  it('keeps what was asked for', () => {
    const asked = { NetworkMode: 'x', IpcMode: 'none', MaskedPaths: [], Privileged: true };
    const filled = withHostDefaults(asked, { ...host, cgroupVersion: 2 }, 'kata');
    assert.deepEqual(
      [
        filled.NetworkMode,
        filled.IpcMode,
        filled.CgroupnsMode,
        filled.MaskedPaths,
        filled.ReadonlyPaths,
      ],
      ['x', 'none', 'private', [], null],
    );
  });
});

describe('askedEndpoints', () => {
  const nameOf = (network: string) => (network === 'id-of-net' ? 'net' : network);
  for (const [what, mode, asked, expected] of [
    ['the default', 'default', {}, { bridge: {} }],
    [
      'a network by its id',
      'id-of-net',
      { 'id-of-net': { Aliases: ['a'] } },
      { net: { Aliases: ['a'] } },
    ],
    ['several', 'net', { other: {} }, { net: {}, other: {} }],
    [
      'default by its name',
      'bridge',
      { default: { IPAMConfig: null } },
      { bridge: { IPAMConfig: null } },
    ],
    ['none of its own', 'container:x', { net: {} }, {}],
  ] as const) {
    it(`finds ${what}`, () => {
      assert.deepEqual(askedEndpoints(mode, asked as never, { nameOf }), expected);
    });
  }
  it('puts the old place of a MAC address into the endpoint', () => {
    const options = { macAddress: '02:00:00:00:00:01', nameOf };
    assert.deepEqual(askedEndpoints('net', {}, options), {
      net: { MacAddress: '02:00:00:00:00:01' },
    });
  });
});
