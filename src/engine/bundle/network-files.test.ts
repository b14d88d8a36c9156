import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hostsFile, parseResolvConf, resolvConf } from './network-files.ts';

it('writes hosts with added names, IPv6 in brackets or not', () => {
  const text = hostsFile(
    [{ address: '172.17.0.2', names: ['web', 'c0ffee'] }],
    ['db:10.0.0.1', 'six:fe80::1', 'also=[fe80::2]'],
  );
  assert.deepEqual(text.split('\n').slice(6), [
    '10.0.0.1\tdb',
    'fe80::1\tsix',
    'fe80::2\talso',
    '172.17.0.2\tweb c0ffee',
    '',
  ]);
});

it('puts the gateway where host-gateway is asked for', () => {
  const text = hostsFile([], ['machine:host-gateway', 'x:host-gateway.test'], '172.17.0.1');
  assert.deepEqual(text.split('\n').slice(6, 8), ['172.17.0.1\tmachine', 'host-gateway.test\tx']);
});

it('writes resolv.conf, and nothing for no search domain', () => {
  assert.equal(
    resolvConf({ nameservers: ['10.0.0.1'], search: ['a', 'b'], options: ['ndots:0'] }),
    'nameserver 10.0.0.1\nsearch a b\noptions ndots:0\n',
  );
  assert.equal(resolvConf({ nameservers: ['::1'], search: ['.'] }), 'nameserver ::1\n');
});

it('reads the last search line, without comments', () => {
  const text = 'domain x\n# search y\nsearch a b ; c\nnameserver 1.1.1.1 # one\noptions edns0\n';
  assert.deepEqual(parseResolvConf(text), {
    nameservers: ['1.1.1.1'],
    search: ['a', 'b'],
    options: ['edns0'],
  });
});
