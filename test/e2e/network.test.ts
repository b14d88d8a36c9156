import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { EndpointRequest, Networks } from '../../src/engine/index.ts';
import type { Peer } from './network-peer.ts';
import { filterBridges, idOf, nothingLeft, type Stage, setStage } from './network-stage.ts';
import { useOwnNetwork } from './own-network.ts';

useOwnNetwork();

let stage: Stage;
let networks: Networks & AsyncDisposable;
let machine: Peer;
let neighbour: Peer;

/** The daemon of each group starts on a machine without traces and leaves none. */
function onStage(prepare: () => void = () => {}): void {
  before(async () => {
    prepare();
    stage = await setStage();
    neighbour = await stage.neighbour();
    machine = stage.machine();
    networks = stage.networks();
    await networks.adopt([]);
  });
  after(async () => {
    await using _ = stage;
    await networks[Symbol.asyncDispose]();
    assert.deepEqual(await stage.traces(), nothingLeft);
    assert.deepEqual(stage.warnings, []);
  });
}

const run = (name: string, request: Partial<EndpointRequest> = {}) =>
  stage.container(networks, name, request);
const stop = async (...names: string[]) => {
  for (const name of names) await networks.tearDown(idOf(name));
};
function port(containerPort: number, hostPort: number, hostIp = '', protocol = 'tcp') {
  return { containerPort, hostPort, hostIp, protocol: protocol as 'tcp' | 'udp' };
}

for (const filtered of [false, true]) {
  describe(`the default bridge${filtered ? ' with br_netfilter' : ''}`, () => {
    onStage(() => filterBridges(filtered));

    test('publishes ports on every address, to the machine, the outside and containers', async () => {
      const ports = [port(80, 8080), port(53, 5353, '', 'udp')];
      const web = await run('web', { ports });
      const other = await run('other');
      await web.peer.serve('tcp', 80);
      await web.peer.serve('udp', 53);
      const { Gateway: gateway = '' } = web.network.endpoints.bridge!;
      assert.deepEqual(
        web.network.ports.map(({ hostIp, hostPort }) => `${hostIp} ${hostPort}`),
        ['0.0.0.0 8080', ':: 8080', '0.0.0.0 5353', ':: 5353'],
      );
      for (const [who, address, sees] of [
        [machine, '127.0.0.1', gateway],
        [machine, '192.0.2.1', '192.0.2.1'],
        [machine, gateway, gateway],
        [machine, '::1', gateway],
        [neighbour, '192.0.2.1', '192.0.2.9'],
        [other.peer, gateway, gateway],
        [other.peer, '192.0.2.1', gateway],
        [web.peer, gateway, gateway],
      ] as const) {
        assert.equal(await who.ask('tcp', address, 8080), `web sees ${sees}`, `tcp ${address}`);
        assert.equal(await who.ask('udp', address, 5353), `web sees ${sees}`, `udp ${address}`);
      }
      await stop('web', 'other');
      assert.equal(await machine.ask('tcp', '127.0.0.1', 8080), 'ECONNREFUSED');
    });

    test('lets containers out, in disguise, and nobody in by the back door', async () => {
      const { peer, network } = await run('inner');
      const address = network.endpoints.bridge!.IPAddress!;
      await neighbour.serve('tcp', 9000);
      await peer.serve('tcp', 80);
      assert.equal(await peer.ask('tcp', '192.0.2.9', 9000), 'neighbour sees 192.0.2.1');
      assert.match(await machine.ask('tcp', address, 80), /^inner sees/);
      assert.equal(await neighbour.ask('tcp', address, 80), 'silence');
      await stop('inner');
    });

    test('keeps ports on loopback from neighbours and containers', async () => {
      const { peer, network } = await run('shy', { ports: [port(80, 8081, '127.0.0.1')] });
      const { Gateway: gateway = '' } = network.endpoints.bridge!;
      await peer.serve('tcp', 80);
      assert.match(await machine.ask('tcp', '127.0.0.1', 8081), /^shy sees/);
      for (const who of [neighbour, peer]) {
        const address = who === peer ? gateway : '192.0.2.1';
        assert.equal(await who.ask('tcp', address, 8081), 'ECONNREFUSED');
      }
      await stop('shy');
    });

    test('answers the names of its containers', async () => {
      const one = await run('one');
      const two = await run('two', { hostname: 'zwei' });
      const [server = ''] = one.network.nameservers;
      const address = two.network.endpoints.bridge!.IPAddress!;
      assert.equal(await one.peer.resolve(server, 'two', 'A'), address);
      assert.equal(await one.peer.resolve(server, 'zwei', 'A'), address);
      assert.equal(await one.peer.resolve(server, 'two', 'AAAA'), 'ENODATA');
      assert.equal(await one.peer.resolve(server, address, 'PTR'), 'two.bridge');
      networks.rename(idOf('two'), 'deux');
      assert.equal(await one.peer.resolve(server, 'deux', 'A'), address);
      assert.equal(await one.peer.resolve(server, 'two', 'A'), 'ESERVFAIL');
      assert.equal(await machine.resolve(server, 'deux', 'A'), 'ETIMEOUT');
      await stop('one', 'two');
    });
  });
}

describe('ports', () => {
  onStage();

  test('are chosen free when any will do, the same for both address families', async () => {
    const any = await run('any', { ports: [port(80, 0)] });
    const [four, six] = any.network.ports;
    assert.equal(four!.hostPort, six!.hostPort);
    assert.ok(four!.hostPort >= 32768 && four!.hostPort < 61000);
    const next = await run('next', { ports: [port(80, 0)] });
    assert.notEqual(next.network.ports[0]!.hostPort, four!.hostPort);
    await stop('any', 'next');
  });

  test('are the first free ones of a range', async () => {
    await machine.serve('tcp', 9100);
    const range = { ...port(80, 9100, '0.0.0.0'), hostPortEnd: 9102 };
    const one = await run('one', { ports: [range] });
    const two = await run('two', { ports: [range] });
    assert.deepEqual(
      [one, two].map(({ network }) => network.ports[0]!.hostPort),
      [9101, 9102],
    );
    await assert.rejects(run('three', { ports: [range] }), /all ports are allocated/);
    await stop('one', 'two');
  });

  test('of UDP reach the container at once, however long a sender has been sending', async () => {
    const ports = [port(514, 9300, '', 'udp')];
    const send = () => neighbour.ask('udp', '192.0.2.1', 9300, 40_000);
    assert.match(await send(), /ECONNREFUSED|silence/);
    const names = ['first', 'second'];
    for (const name of names) {
      const { peer } = await run(name, { ports });
      await peer.serve('udp', 514);
      assert.equal(await send(), `${name} sees 192.0.2.9`);
      await stop(name);
    }
  });

  test('are bound where they are asked for', async () => {
    const ports = [port(80, 9200, '192.0.2.1'), port(81, 9201, '127.0.0.1', 'udp')];
    const { peer } = await run('here', { ports });
    await peer.serve('tcp', 80);
    await peer.serve('udp', 81);
    assert.match(await neighbour.ask('tcp', '192.0.2.1', 9200), /^here/);
    assert.equal(await machine.ask('tcp', '127.0.0.1', 9200), 'ECONNREFUSED');
    assert.match(await machine.ask('udp', '127.0.0.1', 9201), /^here/);
    await stop('here');
  });
});

describe('a network of the user', () => {
  onStage();

  test('is apart from others, but for published ports', async () => {
    await networks.create({ name: 'red' });
    await networks.create({ name: 'blue' });
    const red = await run('r', { endpoints: { red: {} } });
    const blue = await run('b', { endpoints: { blue: {} }, ports: [port(80, 8300)] });
    await blue.peer.serve('tcp', 80);
    await blue.peer.serve('tcp', 81);
    const { IPAddress: address = '' } = blue.network.endpoints.blue!;
    assert.equal(await red.peer.ask('tcp', address, 81), 'silence');
    assert.match(await red.peer.ask('tcp', '192.0.2.1', 8300), /^b sees/);
    const [server = ''] = red.network.nameservers;
    assert.equal(await red.peer.resolve(server, 'b', 'A'), 'ESERVFAIL');
    await stop('r', 'b');
    await networks.remove('red');
    await networks.remove('blue');
    assert.deepEqual(networks.unused(), []);
  });

  test('gives addresses, aliases and links that were asked for', async () => {
    await networks.create({
      name: 'plan',
      ipam: {
        config: [{ subnet: '10.77.0.0/24', gateway: '10.77.0.254', ipRange: '10.77.0.128/25' }],
      },
    });
    const asked = { IPAMConfig: { IPv4Address: '10.77.0.9' }, Aliases: ['www', 'api'] };
    const web = await run('web', {
      endpoints: { plan: { ...asked, MacAddress: '02:00:00:00:00:09' } },
    });
    const two = await run('two', {
      endpoints: { plan: { Aliases: ['api'], Links: ['web:site'] } },
    });
    const { MacAddress, IPAddress, IPPrefixLen, Gateway, DNSNames } = web.network.endpoints.plan!;
    assert.deepEqual(
      [MacAddress, IPAddress, IPPrefixLen, Gateway],
      ['02:00:00:00:00:09', '10.77.0.9', 24, '10.77.0.254'],
    );
    assert.deepEqual(DNSNames, ['web', 'www', 'api', idOf('web')]);
    const { IPAddress: second, MacAddress: mac } = two.network.endpoints.plan!;
    assert.deepEqual([second, mac], ['10.77.0.128', '02:42:0a:4d:00:80']);
    const [server = ''] = two.network.nameservers;
    assert.equal(await two.peer.resolve(server, 'www', 'A'), '10.77.0.9');
    assert.equal(await two.peer.resolve(server, 'api', 'A'), '10.77.0.128 10.77.0.9');
    assert.equal(await two.peer.resolve(server, 'site', 'A'), '10.77.0.9');
    assert.equal(await web.peer.resolve(server, 'site', 'A'), 'ESERVFAIL');
    const { attachments } = networks.get('plan');
    assert.deepEqual(attachments[idOf('web')], {
      name: 'web',
      endpointId: web.network.endpoints.plan!.EndpointID,
      macAddress: '02:00:00:00:00:09',
      ipv4: '10.77.0.9/24',
      ipv6: '',
    });
    for (const [settings, message] of [
      [{ IPAMConfig: { IPv4Address: '10.77.0.9' } }, /Address already in use/],
      [{ IPAMConfig: { IPv4Address: '10.78.0.9' } }, /no configured subnet or ip-range contain/],
      [{ MacAddress: 'nonsense' }, /invalid MAC address/],
    ] as const) {
      await assert.rejects(run('three', { endpoints: { plan: settings } }), message);
    }
    await stop('web', 'two');
    await networks.remove('plan');
  });

  test('that is internal reaches nothing else', async () => {
    await networks.create({ name: 'inside', internal: true });
    const one = await run('one', { endpoints: { inside: {} }, ports: [port(80, 8400)] });
    const two = await run('two', { endpoints: { inside: {} } });
    await one.peer.serve('tcp', 80);
    await neighbour.serve('tcp', 9001);
    const { IPAddress: address = '', Gateway } = one.network.endpoints.inside!;
    assert.equal(Gateway, '');
    assert.deepEqual(one.network.ports, []);
    assert.match(await two.peer.ask('tcp', address, 80), /^one sees/);
    assert.equal(await two.peer.ask('tcp', '192.0.2.9', 9001), 'ENETUNREACH');
    const [server = ''] = two.network.nameservers;
    assert.equal(await two.peer.resolve(server, 'one', 'A'), address);
    await stop('one', 'two');
    await networks.remove('inside');
  });

  test('with IPv6 speaks it, inside and at its ports', async () => {
    await networks.create({ name: 'six', enableIPv6: true });
    const one = await run('one', { endpoints: { six: {} }, ports: [port(80, 8500)] });
    const two = await run('two', { endpoints: { six: {} } });
    const { GlobalIPv6Address: address = '', IPv6Gateway: gateway = '' } =
      one.network.endpoints.six!;
    assert.match(address, /^fd/);
    await one.peer.serve('tcp', 80);
    const { GlobalIPv6Address: caller } = two.network.endpoints.six!;
    assert.equal(await two.peer.ask('tcp', address, 80), `one sees ${caller}`);
    const [server = ''] = two.network.nameservers;
    assert.equal(await two.peer.resolve(server, 'one', 'AAAA'), address);
    assert.equal(await machine.ask('tcp', gateway, 8500), `one sees ${gateway}`);
    assert.match(await machine.ask('tcp', '::1', 8500), /^one sees/);
    await neighbour.serve('tcp', 9003);
    assert.equal(await one.peer.ask('tcp', '2001:db8::9', 9003), 'neighbour sees 2001:db8::1');
    assert.equal(await neighbour.ask('tcp', '2001:db8::1', 8500), 'one sees 2001:db8::9');
    assert.equal(await two.peer.ask('tcp', '2001:db8::1', 8500), `one sees ${gateway}`);
    assert.equal(await neighbour.ask('tcp', address, 80), 'silence');
    const four = await run('four', { ports: [port(80, 8501)] });
    await four.peer.serve('tcp', 80);
    assert.match(await neighbour.ask('tcp', '2001:db8::1', 8501), /^four sees/);
    const { GlobalIPv6Address: late = '' } = await networks.connect(idOf('four'), 'six', {});
    assert.match(await two.peer.ask('tcp', late, 80), /^four sees/);
    assert.equal(await four.peer.ask('tcp', '2001:db8::9', 9003), 'neighbour sees 2001:db8::1');
    await stop('four');
    await stop('one', 'two');
    await networks.remove('six');
  });

  test('may keep its containers from each other', async () => {
    const options = { 'com.docker.network.bridge.enable_icc': 'false' };
    await networks.create({ name: 'lonely', options });
    const one = await run('one', { endpoints: { lonely: {} } });
    const two = await run('two', { endpoints: { lonely: {} } });
    await one.peer.serve('tcp', 80);
    const { IPAddress: address = '' } = one.network.endpoints.lonely!;
    assert.match(await two.peer.ask('tcp', address, 80), /silence|EHOSTUNREACH/);
    assert.match(await machine.ask('tcp', address, 80), /^one sees/);
    await stop('one', 'two');
    await networks.remove('lonely');
  });
});

describe('connect and disconnect', () => {
  onStage();

  test('follow with interfaces, names, routes and ports', async () => {
    await networks.create({ name: 'aaa' });
    await networks.create({ name: 'zzz' });
    const web = await run('web', { endpoints: { zzz: {} }, ports: [port(80, 8600)] });
    const friend = await run('friend', { endpoints: { aaa: {} } });
    await web.peer.serve('tcp', 80);
    await neighbour.serve('tcp', 9002);
    const given = await networks.connect(idOf('web'), 'aaa', { Aliases: ['site'] });
    assert.equal(networks.lookup(idOf('web'))!.endpoints.aaa!.IPAddress, given.IPAddress);
    const [server = ''] = friend.network.nameservers;
    assert.equal(await friend.peer.resolve(server, 'site', 'A'), given.IPAddress);
    assert.match(await friend.peer.ask('tcp', given.IPAddress!, 80), /^web sees/);
    // aaa comes before zzz, so it is the way out and the ports lead there now.
    assert.match(await machine.ask('tcp', '127.0.0.1', 8600), /^web sees/);
    assert.match(await web.peer.ask('tcp', '192.0.2.9', 9002), /^neighbour sees/);
    const twice = {
      kind: 'forbidden',
      message: 'endpoint with name web already exists in network aaa',
    };
    await assert.rejects(networks.connect(idOf('web'), 'aaa', {}), twice);

    await networks.disconnect(idOf('web'), 'aaa');
    assert.equal(await friend.peer.resolve(server, 'site', 'A'), 'ESERVFAIL');
    assert.match(await machine.ask('tcp', '127.0.0.1', 8600), /^web sees/);
    assert.match(await web.peer.ask('tcp', '192.0.2.9', 9002), /^neighbour sees/);
    await networks.disconnect(idOf('web'), 'zzz');
    assert.deepEqual(networks.lookup(idOf('web'))!.ports, []);
    assert.equal(await machine.ask('tcp', '127.0.0.1', 8600), 'ECONNREFUSED');
    assert.equal(await web.peer.ask('tcp', '192.0.2.9', 9002), 'ENETUNREACH');
    await networks.connect(idOf('web'), 'zzz', {});
    assert.match(await machine.ask('tcp', '127.0.0.1', 8600), /^web sees/);

    const stranger = {
      kind: 'forbidden',
      message: 'container id-web is not connected to network aaa',
    };
    await assert.rejects(networks.disconnect(idOf('web'), 'aaa'), stranger);
    await assert.rejects(networks.connect(idOf('web'), 'host', {}), { kind: 'invalid' });
    await assert.rejects(networks.connect(idOf('web'), 'nope', {}), {
      message: 'network nope not found',
    });
    await assert.rejects(networks.connect(idOf('nobody'), 'aaa', {}), { kind: 'conflict' });
    await stop('web', 'friend');
    await networks.remove('aaa');
    await networks.remove('zzz');
  });
});

describe('networks without a bridge', () => {
  onStage();

  test('host is the machine, none is nothing but loopback', async () => {
    const host = await networks.setUp({ ...bare('h'), endpoints: { host: {} } });
    assert.deepEqual([host.namespacePath, host.nameservers, host.ports], ['', [], []]);
    assert.deepEqual(Object.keys(networks.get('host').attachments), [idOf('h')]);
    for (const endpoints of [{ none: {} }, {}] as EndpointRequest['endpoints'][]) {
      const { peer } = await run('n', { endpoints });
      assert.equal(await peer.ask('tcp', '192.0.2.9', 1), 'ENETUNREACH');
      await peer.serve('tcp', 80);
      assert.equal(await peer.ask('tcp', '127.0.0.1', 80), 'n sees 127.0.0.1');
      await stop('n');
    }
    await assert.rejects(networks.setUp({ ...bare('x'), endpoints: { none: {}, bridge: {} } }), {
      message: /multiple networks with one of the networks in private \(none\) mode/,
    });
    await stop('h');
    assert.deepEqual(networks.get('host').attachments, {});
  });
});

describe('the list of networks', () => {
  onStage();

  test('finds, refuses and removes in words of Docker', async () => {
    const { id } = await networks.create({ name: 'mine', labels: { a: 'b' } });
    for (const ref of [id, 'mine', id.slice(0, 5)]) assert.equal(networks.get(ref).id, id);
    assert.deepEqual(networks.get('mine').labels, { a: 'b' });
    const { subnet } = networks.get('mine').ipam.config[0]!;
    for (const [work, kind, message] of [
      [
        () => networks.create({ name: 'mine' }),
        'conflict',
        'network with name mine already exists',
      ],
      [
        () => networks.create({ name: 'x', ipam: { config: [{ subnet }] } }),
        'forbidden',
        'invalid pool request: Pool overlaps with other one on this address space',
      ],
      [() => networks.remove('nope'), 'not-found', 'network nope not found'],
      [
        () => networks.remove('bridge'),
        'forbidden',
        'bridge is a pre-defined network and cannot be removed',
      ],
    ] as const) {
      await assert.rejects(work, { kind, message });
    }
    await run('user', { endpoints: { mine: {} } });
    await assert.rejects(networks.remove('mine'), {
      kind: 'forbidden',
      message: /^error while removing network: network mine has active endpoints \(name:"user" id:/,
    });
    assert.deepEqual(networks.unused(), []);
    await stop('user');
    assert.deepEqual(
      networks.unused().map(({ name }) => name),
      ['mine'],
    );
    await networks.remove(id.slice(0, 12));
    assert.throws(() => networks.get('mine'), { kind: 'not-found' });
    assert.deepEqual(stage.events.slice(-4), [
      'create mine',
      'connect mine id-user',
      'disconnect mine id-user',
      'destroy mine',
    ]);
  });
});

function bare(name: string): EndpointRequest {
  return { containerId: idOf(name), containerName: name, hostname: '', endpoints: {}, ports: [] };
}
