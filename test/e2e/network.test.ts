import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointRequest } from '../../src/engine/index.ts';
import { bare, onStage } from './network-on-stage.ts';
import { idOf } from './network-stage.ts';
import { useOwnNetwork } from './own-network.ts';

useOwnNetwork();

describe('networks without a bridge', () => {
  const at = onStage();

  test('host is the machine, none is nothing but loopback', async () => {
    const host = await at.networks.setUp({ ...bare('h'), endpoints: { host: {} } });
    assert.deepEqual([host.namespacePath, host.nameservers, host.ports], ['', [], []]);
    assert.deepEqual(Object.keys(at.networks.get('host').attachments), [idOf('h')]);
    for (const endpoints of [{ none: {} }, {}] as EndpointRequest['endpoints'][]) {
      const { peer } = await at.run('n', { endpoints });
      assert.equal(await peer.ask('tcp', '192.0.2.9', 1), 'ENETUNREACH');
      await peer.serve('tcp', 80);
      assert.equal(await peer.ask('tcp', '127.0.0.1', 80), 'n sees 127.0.0.1');
      await at.stop('n');
    }
    await assert.rejects(at.networks.setUp({ ...bare('x'), endpoints: { none: {}, bridge: {} } }), {
      message: /multiple networks with one of the networks in private \(none\) mode/,
    });
    await at.stop('h');
    assert.deepEqual(at.networks.get('host').attachments, {});
  });
});

describe('the list of networks', () => {
  const at = onStage();

  test('finds, refuses and removes in words of Docker', async () => {
    const { id } = await at.networks.create({ name: 'mine', labels: { a: 'b' } });
    for (const ref of [id, 'mine', id.slice(0, 5)]) assert.equal(at.networks.get(ref).id, id);
    assert.deepEqual(at.networks.get('mine').labels, { a: 'b' });
    const { subnet } = at.networks.get('mine').ipam.config[0]!;
    for (const [work, kind, message] of [
      [
        () => at.networks.create({ name: 'mine' }),
        'conflict',
        'network with name mine already exists',
      ],
      [
        () => at.networks.create({ name: 'x', ipam: { config: [{ subnet }] } }),
        'forbidden',
        'invalid pool request: Pool overlaps with other one on this address space',
      ],
      [() => at.networks.remove('nope'), 'not-found', 'network nope not found'],
      [
        () => at.networks.remove('bridge'),
        'forbidden',
        'bridge is a pre-defined network and cannot be removed',
      ],
    ] as const) {
      await assert.rejects(work, { kind, message });
    }
    await at.run('user', { endpoints: { mine: {} } });
    await assert.rejects(at.networks.remove('mine'), {
      kind: 'forbidden',
      message: /^error while removing network: network mine has active endpoints \(name:"user" id:/,
    });
    assert.deepEqual(at.networks.unused(), []);
    await at.stop('user');
    assert.deepEqual(
      at.networks.unused().map(({ name }) => name),
      ['mine'],
    );
    await at.networks.remove(id.slice(0, 12));
    assert.throws(() => at.networks.get('mine'), { kind: 'not-found' });
    assert.deepEqual(at.stage.events.slice(-4), [
      'create mine',
      'connect mine id-user',
      'disconnect mine id-user',
      'destroy mine',
    ]);
  });
});
