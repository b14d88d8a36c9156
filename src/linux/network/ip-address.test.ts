import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addressFromBytes,
  addressToBytes,
  contains,
  formatAddress,
  formatPrefix,
  lastAddress,
  overlap,
  parseAddress,
  parseCidr,
} from './ip-address.ts';

describe('parseAddress and formatAddress', () => {
  for (const [text, canonical, hex] of [
    ['0.0.0.0', '0.0.0.0', '00000000'],
    ['172.17.0.2', '172.17.0.2', 'ac110002'],
    ['255.255.255.255', '255.255.255.255', 'ffffffff'],
    ['::', '::', '0'.repeat(32)],
    ['::1', '::1', `${'0'.repeat(31)}1`],
    ['fd00::', 'fd00::', `fd00${'0'.repeat(28)}`],
    ['FD00:0:0:1:0:0:0:A', 'fd00:0:0:1::a', 'fd00000000000001000000000000000a'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3', '00010000000000020000000000000003'],
    ['::ffff:10.0.0.1', '::ffff:a00:1', '00000000000000000000ffff0a000001'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8', '00010000000300040005000600070008'],
  ] as const) {
    it(`takes ${text}`, () => {
      const address = parseAddress(text);
      assert.equal(formatAddress(address), canonical);
      assert.equal(addressToBytes(address).toString('hex'), hex);
      assert.deepEqual(addressFromBytes(addressToBytes(address)), address);
      assert.deepEqual(parseAddress(canonical), address);
    });
  }
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    ':::',
    'fe80::1%eth0',
    'host',
    '1.2.3.4/8',
  ]) {
    it(`refuses "${text}"`, () => assert.throws(() => parseAddress(text), { kind: 'invalid' }));
  }
});

describe('prefixes', () => {
  it('splits an address from its block', () => {
    const { address, prefix } = parseCidr('10.1.2.3/20');
    assert.equal(formatAddress(address), '10.1.2.3');
    assert.equal(formatPrefix(prefix), '10.1.0.0/20');
    assert.equal(formatAddress(lastAddress(prefix)), '10.1.15.255');
  });
  for (const text of ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '/8', '10.0.0.0/-1']) {
    it(`refuses "${text}"`, () => assert.throws(() => parseCidr(text), { kind: 'invalid' }));
  }
  for (const [a, b, contained, overlapping] of [
    ['10.0.0.0/8', '10.1.0.0/16', true, true],
    ['10.1.0.0/16', '10.0.0.0/8', false, true],
    ['10.0.0.0/16', '10.1.0.0/16', false, false],
    ['0.0.0.0/0', 'fd00::/8', false, false],
    ['fd00::/8', 'fd00:1::/64', true, true],
  ] as const) {
    it(`compares ${a} with ${b}`, () => {
      const [outer, inner] = [parseCidr(a).prefix, parseCidr(b).prefix];
      assert.equal(contains(outer, inner), contained);
      assert.equal(overlap(outer, inner), overlapping);
    });
  }
});
