import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../../linux/index.ts';
import { macAddressOf, type NetworkRecord } from '../network-record.ts';
import { type Endpoint, gatewayEndpoint, inOrder, parseLinks } from './endpoint.ts';
import { askedOf } from './endpoint-plan.ts';
import { portRules } from './publication.ts';

const place = (name: string, GwPriority?: number) => ({ name, settings: { GwPriority } });

describe('inOrder', () => {
  for (const [given, expected] of [
    [
      [place('b'), place('a')],
      ['a', 'b'],
    ],
    [
      [place('a'), place('b', 1)],
      ['b', 'a'],
    ],
    [
      [place('a', -1), place('c'), place('b')],
      ['b', 'c', 'a'],
    ],
    [[], []],
  ] as const) {
    it(`gives ${expected.join(', ') || 'nothing'}`, () => {
      assert.deepEqual(
        inOrder(given).map(({ name }) => name),
        expected,
      );
    });
  }
});

describe('gatewayEndpoint', () => {
  const on = (name: string, more: Partial<NetworkRecord> = {}): Endpoint => ({
    id: name,
    interfaceName: 'eth0',
    settings: {},
    network: { name, driver: 'bridge', internal: false, ...more } as NetworkRecord,
  });
  it('passes over internal networks and those without a bridge', () => {
    const inside = on('a', { internal: true });
    assert.equal(gatewayEndpoint([on('c'), inside, on('b')])?.id, 'b');
    assert.equal(gatewayEndpoint([inside]), undefined);
    assert.equal(gatewayEndpoint([on('host', { driver: 'host' })]), undefined);
  });
});

describe('parseLinks', () => {
  it('takes names with and without alias', () => {
    assert.deepEqual(
      [...parseLinks(['db:Store', '/web', 'a:b'])],
      [
        ['store', 'db'],
        ['web', 'web'],
        ['b', 'a'],
      ],
    );
    assert.equal(parseLinks(null).size, 0);
  });
});

describe('askedOf', () => {
  const address = '172.17.0.2';
  const given = { EndpointID: 'e', NetworkID: 'n', Gateway: '172.17.0.1', IPAddress: address };
  it('drops what an earlier run was given', () => {
    const settings = { ...given, Aliases: ['x'], MacAddress: macAddressOf(parseAddress(address)) };
    assert.deepEqual(
      Object.entries(askedOf(settings)).filter(([, value]) => value),
      [['Aliases', ['x']]],
    );
  });
  it('keeps a MAC of the user', () => {
    assert.equal(
      askedOf({ ...given, MacAddress: '02:00:00:00:00:01' }).MacAddress,
      '02:00:00:00:00:01',
    );
    assert.equal(askedOf({ MacAddress: '02:42:ac:11:00:02' }).MacAddress, '02:42:ac:11:00:02');
  });
});

describe('portRules', () => {
  const port = { protocol: 'tcp' as const, containerPort: 80, hostPort: 8080 };
  const rule = { protocol: 'tcp', hostPort: 8080, port: 80 };
  const target = { ipv4: '10.0.0.2', ipv6: 'fd00::2' };
  for (const [hostIp, ipv6, expected] of [
    ['0.0.0.0', '', [{ ...rule, family: 4, address: '10.0.0.2' }]],
    ['127.0.0.1', '', [{ ...rule, family: 4, hostAddress: '127.0.0.1', address: '10.0.0.2' }]],
    ['::', '', []],
    ['::', 'fd00::2', [{ ...rule, family: 6, address: 'fd00::2' }]],
    ['::1', 'fd00::2', [{ ...rule, family: 6, hostAddress: '::1', address: 'fd00::2' }]],
  ] as const) {
    it(`leads ${hostIp} to ${expected[0]?.address ?? 'the relay'}`, () => {
      assert.deepEqual(portRules({ ...port, hostIp }, { ...target, ipv6 }), expected);
    });
  }
});
