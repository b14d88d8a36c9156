import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { onStage, port } from './network-on-stage.ts';
import { filterBridges, idOf } from './network-stage.ts';
import { useOwnNetwork } from './own-network.ts';

useOwnNetwork();

for (const filtered of [false, true]) {
  describe(`the default bridge${filtered ? ' with br_netfilter' : ''}`, () => {
    const at = onStage(() => filterBridges(filtered));

    test('publishes ports on every address, to the machine, the outside and containers', async () => {
      const ports = [port(80, 8080), port(53, 5353, '', 'udp')];
      const web = await at.run('web', { ports });
      const other = await at.run('other');
      await web.peer.serve('tcp', 80);
      await web.peer.serve('udp', 53);
      const { Gateway: gateway = '' } = web.network.endpoints.bridge!;
      assert.deepEqual(
        web.network.ports.map(({ hostIp, hostPort }) => `${hostIp} ${hostPort}`),
        ['0.0.0.0 8080', ':: 8080', '0.0.0.0 5353', ':: 5353'],
      );
      for (const [who, address, sees] of [
        [at.machine, '127.0.0.1', gateway],
        [at.machine, '192.0.2.1', '192.0.2.1'],
        [at.machine, gateway, gateway],
        [at.machine, '::1', gateway],
        [at.neighbour, '192.0.2.1', '192.0.2.9'],
        [other.peer, gateway, gateway],
        [other.peer, '192.0.2.1', gateway],
        [web.peer, gateway, gateway],
      ] as const) {
        assert.equal(await who.ask('tcp', address, 8080), `web sees ${sees}`, `tcp ${address}`);
        assert.equal(await who.ask('udp', address, 5353), `web sees ${sees}`, `udp ${address}`);
      }
      await at.stop('web', 'other');
      assert.equal(await at.machine.ask('tcp', '127.0.0.1', 8080), 'ECONNREFUSED');
    });

    test('lets containers out, in disguise, and nobody in by the back door', async () => {
      const { peer, network } = await at.run('inner');
      const address = network.endpoints.bridge!.IPAddress!;
      await at.neighbour.serve('tcp', 9000);
      await peer.serve('tcp', 80);
      assert.equal(await peer.ask('tcp', '192.0.2.9', 9000), 'neighbour sees 192.0.2.1');
      assert.match(await at.machine.ask('tcp', address, 80), /^inner sees/);
      assert.equal(await at.neighbour.ask('tcp', address, 80), 'silence');
      await at.stop('inner');
    });

    test('keeps ports on loopback from neighbours and containers', async () => {
      const { peer, network } = await at.run('shy', { ports: [port(80, 8081, '127.0.0.1')] });
      const { Gateway: gateway = '' } = network.endpoints.bridge!;
      await peer.serve('tcp', 80);
      assert.match(await at.machine.ask('tcp', '127.0.0.1', 8081), /^shy sees/);
      for (const who of [at.neighbour, peer]) {
        const address = who === peer ? gateway : '192.0.2.1';
        assert.equal(await who.ask('tcp', address, 8081), 'ECONNREFUSED');
      }
      await at.stop('shy');
    });

    test('answers the names of its containers', async () => {
      const one = await at.run('one');
      const two = await at.run('two', { hostname: 'zwei' });
      const [server = ''] = one.network.nameservers;
      const address = two.network.endpoints.bridge!.IPAddress!;
      assert.equal(await one.peer.resolve(server, 'two', 'A'), address);
      assert.equal(await one.peer.resolve(server, 'zwei', 'A'), address);
      assert.equal(await one.peer.resolve(server, 'two', 'AAAA'), 'ENODATA');
      assert.equal(await one.peer.resolve(server, address, 'PTR'), 'two.bridge');
      at.networks.rename(idOf('two'), 'deux');
      assert.equal(await one.peer.resolve(server, 'deux', 'A'), address);
      assert.equal(await one.peer.resolve(server, 'two', 'A'), 'ESERVFAIL');
      assert.equal(await at.machine.resolve(server, 'deux', 'A'), 'ETIMEOUT');
      await at.stop('one', 'two');
    });
  });
}

describe('ports', () => {
  const at = onStage();

  test('are chosen free when any will do, the same for both address families', async () => {
    const any = await at.run('any', { ports: [port(80, 0)] });
    const [four, six] = any.network.ports;
    assert.equal(four!.hostPort, six!.hostPort);
    assert.ok(four!.hostPort >= 32768 && four!.hostPort < 61000);
    const next = await at.run('next', { ports: [port(80, 0)] });
    assert.notEqual(next.network.ports[0]!.hostPort, four!.hostPort);
    await at.stop('any', 'next');
  });

  test('are the first free ones of a range', async () => {
    await at.machine.serve('tcp', 9100);
    const range = { ...port(80, 9100, '0.0.0.0'), hostPortEnd: 9102 };
    const one = await at.run('one', { ports: [range] });
    const two = await at.run('two', { ports: [range] });
    assert.deepEqual(
      [one, two].map(({ network }) => network.ports[0]!.hostPort),
      [9101, 9102],
    );
    await assert.rejects(at.run('three', { ports: [range] }), /all ports are allocated/);
    await at.stop('one', 'two');
  });

  test('of UDP reach the container at once, however long a sender has been sending', async () => {
    const ports = [port(514, 9300, '', 'udp')];
    const send = () => at.neighbour.ask('udp', '192.0.2.1', 9300, 40_000);
    assert.match(await send(), /ECONNREFUSED|silence/);
    const names = ['first', 'second'];
    for (const name of names) {
      const { peer } = await at.run(name, { ports });
      await peer.serve('udp', 514);
      assert.equal(await send(), `${name} sees 192.0.2.9`);
      await at.stop(name);
    }
  });

  test('are bound where they are asked for', async () => {
    const ports = [port(80, 9200, '192.0.2.1'), port(81, 9201, '127.0.0.1', 'udp')];
    const { peer } = await at.run('here', { ports });
    await peer.serve('tcp', 80);
    await peer.serve('udp', 81);
    assert.match(await at.neighbour.ask('tcp', '192.0.2.1', 9200), /^here/);
    assert.equal(await at.machine.ask('tcp', '127.0.0.1', 9200), 'ECONNREFUSED');
    assert.match(await at.machine.ask('udp', '127.0.0.1', 9201), /^here/);
    await at.stop('here');
  });
});
