import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCidr } from '../../linux/index.ts';
import { checkNetworkRequest, requestedSubnets } from './network-request.ts';
import type { NetworkCreateRequest } from './networks.ts';

describe('checkNetworkRequest', () => {
  for (const request of [
    { name: 'a' },
    { name: 'My_net-1.2', driver: 'bridge', ipam: { driver: 'default' } },
    { name: 'n', options: { 'com.docker.network.bridge.name': 'br0' } },
    { name: 'n', options: { 'com.docker.network.driver.mtu': '9000' } },
  ] as NetworkCreateRequest[]) {
    it(`takes ${JSON.stringify(request)}`, () => checkNetworkRequest(request));
  }
  for (const [request, kind, message] of [
    [{ name: '' }, 'invalid', /invalid network name ""/],
    [{ name: '../x' }, 'invalid', /invalid network name/],
    [{ name: 'a b' }, 'invalid', /invalid network name/],
    [{ name: 'x'.repeat(256) }, 'invalid', /invalid network name/],
    [{ name: 'bridge' }, 'forbidden', /^operation is not permitted on predefined bridge network$/],
    [{ name: 'none' }, 'forbidden', /predefined none network/],
    [
      { name: 'a', driver: 'host' },
      'forbidden',
      /^only one instance of "host" network is allowed$/,
    ],
    [{ name: 'a', driver: 'foo' }, 'not-found', /driver "foo" in registry: plugin "foo" not found/],
    [{ name: 'a', ipam: { driver: 'x' } }, 'not-found', /ipam driver "x"/],
    [{ name: 'a', options: { 'com.docker.network.bridge.name': 'a/b' } }, 'invalid', /bridge name/],
    [
      { name: 'a', options: { 'com.docker.network.bridge.name': 'x'.repeat(16) } },
      'invalid',
      /1 to 15/,
    ],
    [{ name: 'a', options: { 'com.docker.network.driver.mtu': '-1' } }, 'invalid', /driver\.mtu/],
    [
      { name: 'a', options: { 'com.docker.network.driver.mtu': '70000' } },
      'invalid',
      /driver\.mtu/,
    ],
  ] as [NetworkCreateRequest, string, RegExp][]) {
    it(`refuses ${JSON.stringify(request).slice(0, 80)}`, () => {
      assert.throws(() => checkNetworkRequest(request), { kind, message });
    });
  }
});

describe('requestedSubnets', () => {
  type Config = { subnet?: string; gateway?: string; ipRange?: string };
  const subnets = (config: Config[], enableIPv6 = false, inUse: string[] = []) =>
    requestedSubnets(
      { name: 'a', enableIPv6, ipam: { config } },
      inUse.map((text) => parseCidr(text).prefix),
    );

  for (const [name, config, expected] of [
    ['nothing', [], []],
    ['an empty entry', [{}], []],
    ['a subnet', [{ subnet: '10.0.0.0/24' }], [{ subnet: '10.0.0.0/24', gateway: '10.0.0.1' }]],
    [
      'gateway and range',
      [{ subnet: '10.0.0.0/16', gateway: '10.0.255.254', ipRange: '10.0.5.0/24' }],
      [{ subnet: '10.0.0.0/16', gateway: '10.0.255.254', ipRange: '10.0.5.0/24' }],
    ],
    [
      'IPv6, canonical',
      [{ subnet: 'FD00:0:0:1::/64', gateway: 'fd00:0:0:1:0::9' }],
      [{ subnet: 'fd00:0:0:1::/64', gateway: 'fd00:0:0:1::9' }],
    ],
  ] as [string, Config[], unknown][]) {
    it(`reads ${name}`, () => assert.deepEqual(subnets(config, true), expected));
  }
  it('leaves IPv6 out where the network has none', () => {
    assert.deepEqual(subnets([{ subnet: 'fd00::/64' }]), []);
  });

  for (const [config, message] of [
    [[{ subnet: '10.0.0.0/33' }], 'invalid subnet 10.0.0.0/33: invalid CIDR block notation'],
    [[{ subnet: 'nope' }], 'invalid subnet nope: invalid CIDR block notation'],
    [[{ subnet: '10.0.0.1/24' }], 'invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24'],
    [[{ gateway: '10.0.0.1' }], 'gateway or ip-range is given without a subnet'],
    [
      [{ subnet: '10.0.0.0/24', gateway: '10.0.1.1' }],
      "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address",
    ],
    [[{ subnet: '10.0.0.0/24', gateway: 'x' }], 'invalid gateway x: invalid address'],
    [
      [{ subnet: '10.0.0.0/24', ipRange: '10.1.0.0/25' }],
      "invalid ip-range 10.1.0.0/25: parent subnet 10.0.0.0/24 doesn't contain ip-range",
    ],
    [
      [{ subnet: '10.0.0.0/24' }, { subnet: '10.1.0.0/24' }],
      'bridge driver does not support multiple subnets of one address family',
    ],
  ] as [Config[], string][]) {
    it(`refuses ${JSON.stringify(config)}`, () => {
      const expected = { kind: 'invalid', message: `invalid network config:\n${message}` };
      assert.throws(() => subnets(config), expected);
    });
  }
  it('refuses what overlaps a subnet in use, or another of the request', () => {
    const kind = 'forbidden';
    const message = 'invalid pool request: Pool overlaps with other one on this address space';
    const inUse = ['10.0.0.0/8'];
    assert.throws(() => subnets([{ subnet: '10.9.0.0/24' }], false, inUse), { kind, message });
    const twice = [{ subnet: '10.9.0.0/24' }, { subnet: '10.9.0.0/16' }];
    assert.throws(() => subnets(twice), { kind, message });
  });
});
