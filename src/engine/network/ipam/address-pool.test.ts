import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAddress, parseAddress, parseCidr } from '../../../linux/index.ts';
import { createAddressPool } from './address-pool.ts';

function pool(subnet: string, options: { range?: string; reserved?: string[] } = {}) {
  const clock = { ms: 0 };
  const { prefix } = parseCidr(subnet);
  const addresses = createAddressPool({
    subnet: prefix,
    range: options.range ? parseCidr(options.range).prefix : undefined,
    reserved: (options.reserved ?? []).map(parseAddress),
    now: () => clock.ms,
  });
  const take = (wanted?: string) =>
    formatAddress(addresses.take(wanted === undefined ? undefined : parseAddress(wanted)));
  return { take, give: (text: string) => addresses.give(parseAddress(text)), clock };
}

describe('address pool', () => {
  it('gives the lowest free address, never network, broadcast or gateway', () => {
    const { take } = pool('10.0.0.0/29', { reserved: ['10.0.0.1'] });
    const given = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'];
    for (const address of given) assert.equal(take(), address);
    assert.throws(() => take(), {
      message: /^no available IPv4 addresses on this network's address/,
    });
  });

  it('lets a returned address rest, unless no other is left', () => {
    const { take, give, clock } = pool('10.0.0.0/29', { reserved: ['10.0.0.1'] });
    assert.equal(take(), '10.0.0.2');
    give('10.0.0.2');
    give('10.0.0.2');
    assert.equal(take(), '10.0.0.3');
    clock.ms = 5000;
    assert.equal(take(), '10.0.0.2');
    for (const address of ['10.0.0.4', '10.0.0.5', '10.0.0.6']) assert.equal(take(), address);
    give('10.0.0.5');
    assert.equal(take(), '10.0.0.5');
  });

  it('takes from the range, and on request from all of the subnet', () => {
    const { take } = pool('10.0.0.0/24', { range: '10.0.0.128/30', reserved: ['10.0.0.1'] });
    assert.equal(take(), '10.0.0.128');
    assert.equal(take('10.0.0.5'), '10.0.0.5');
    assert.equal(take('10.0.0.129'), '10.0.0.129');
    assert.equal(take(), '10.0.0.130');
  });

  for (const [wanted, kind, message] of [
    ['10.0.0.1', 'forbidden', 'Address already in use'],
    ['10.0.0.0', 'forbidden', 'Address already in use'],
    ['10.0.0.255', 'forbidden', 'Address already in use'],
    ['10.0.1.2', 'invalid', 'no configured subnet or ip-range contain the IP address 10.0.1.2'],
    ['fd00::2', 'invalid', 'no configured subnet or ip-range contain the IP address fd00::2'],
  ] as const) {
    it(`refuses ${wanted}`, () => {
      const { take } = pool('10.0.0.0/24', { reserved: ['10.0.0.1'] });
      assert.throws(() => take(wanted), { kind, message });
    });
  }

  it('serves a /31, a /32 and IPv6 blocks of any size', () => {
    assert.equal(pool('10.0.0.0/31', { reserved: ['10.0.0.0'] }).take(), '10.0.0.1');
    assert.throws(() => pool('10.0.0.0/32', { reserved: ['10.0.0.0'] }).take());
    const { take } = pool('fd00::/64', { reserved: ['fd00::1'] });
    assert.equal(take(), 'fd00::2');
    assert.equal(take('fd00::ffff:1'), 'fd00::ffff:1');
  });
});
