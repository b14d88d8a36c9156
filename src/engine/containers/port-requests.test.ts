import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portRequests } from './port-requests.ts';

describe('portRequests', () => {
  it('reads bindings, several for one port, and ranges', () => {
    const PortBindings = {
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }, { HostPort: '' }],
      '53/udp': [{ HostPort: '5300-5310' }],
      '9/tcp': null,
      '10/tcp': [],
    };
    assert.deepEqual(portRequests({}, { PortBindings }), [
      { containerPort: 80, protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 8080 },
      { containerPort: 80, protocol: 'tcp', hostIp: '', hostPort: 0 },
      { containerPort: 53, protocol: 'udp', hostIp: '', hostPort: 5300, hostPortEnd: 5310 },
    ]);
  });

  it('publishes every exposed port with -P, those with a binding of their own once', () => {
    const config = { ExposedPorts: { '80/tcp': {}, '81/sctp': {} } };
    const PortBindings = { '80/tcp': [{ HostPort: '8080' }] };
    assert.deepEqual(
      portRequests(config, { PortBindings, PublishAllPorts: true }).map((port) => port.hostPort),
      [8080, 0],
    );
    assert.equal(portRequests(config, { PortBindings }).length, 1);
  });

  for (const [key, hostPort] of [
    ['80/icmp', ''],
    ['0/tcp', ''],
    ['65536', ''],
    ['x', ''],
    ['80', '70000'],
    ['80', '9-8'],
    ['80', '-1'],
    ['80', '80a'],
  ] as const) {
    it(`refuses ${hostPort}:${key}`, () => {
      const PortBindings = { [key]: [{ HostPort: hostPort }] };
      assert.throws(() => portRequests({}, { PortBindings }), { kind: 'invalid' });
    });
  }
});
