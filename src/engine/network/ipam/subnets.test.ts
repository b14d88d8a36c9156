import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatPrefix, parseCidr } from '../../../linux/index.ts';
import { chooseSubnet, defaultSubnetPools, uniqueLocalSubnet } from './subnets.ts';

const prefixes = (...texts: string[]) => texts.map((text) => parseCidr(text).prefix);

describe('chooseSubnet', () => {
  for (const [name, inUse, expected] of [
    ['the first of Docker', [], '172.17.0.0/16'],
    ['the next where one is taken', ['172.17.0.0/16'], '172.18.0.0/16'],
    ['none that a part of is taken', ['172.17.3.0/24', '172.18.0.1/32'], '172.19.0.0/16'],
    ['none within a larger one', ['172.16.0.0/12'], '192.168.0.0/20'],
    ['the next part of a pool', ['172.16.0.0/12', '192.168.0.0/24'], '192.168.16.0/20'],
  ] as const) {
    it(`gives ${name}`, () => {
      assert.equal(formatPrefix(chooseSubnet(defaultSubnetPools, prefixes(...inUse))), expected);
    });
  }
  it('says when nothing is left', () => {
    assert.throws(() => chooseSubnet(defaultSubnetPools, prefixes('0.0.0.0/1', '128.0.0.0/1')), {
      kind: 'forbidden',
      message: 'all predefined address pools have been fully subnetted',
    });
  });
});

describe('uniqueLocalSubnet', () => {
  it('is a /64 in fd00::/8, the same for the same network', () => {
    const subnet = formatPrefix(uniqueLocalSubnet('a'));
    assert.match(subnet, /^fd[0-9a-f]{2}:[0-9a-f]{1,4}:[0-9a-f]{1,4}::\/64$/);
    assert.equal(formatPrefix(uniqueLocalSubnet('a')), subnet);
    assert.notEqual(formatPrefix(uniqueLocalSubnet('b')), subnet);
  });
});
