import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { onStage, port } from './network-on-stage.ts';
import { idOf } from './network-stage.ts';
import { useOwnNetwork } from './own-network.ts';

useOwnNetwork();

describe('a network of the user', () => {
  const at = onStage();

  test('is apart from others, but for published ports', async () => {
    await at.networks.create({ name: 'red' });
    await at.networks.create({ name: 'blue' });
    const red = await at.run('r', { endpoints: { red: {} } });
    const blue = await at.run('b', { endpoints: { blue: {} }, ports: [port(80, 8300)] });
    await blue.peer.serve('tcp', 80);
    await blue.peer.serve('tcp', 81);
    const { IPAddress: address = '' } = blue.network.endpoints.blue!;
    assert.equal(await red.peer.ask('tcp', address, 81), 'silence');
    assert.match(await red.peer.ask('tcp', '192.0.2.1', 8300), /^b sees/);
    const [server = ''] = red.network.nameservers;
    assert.equal(await red.peer.resolve(server, 'b', 'A'), 'ESERVFAIL');
    await at.stop('r', 'b');
    await at.networks.remove('red');
    await at.networks.remove('blue');
    assert.deepEqual(at.networks.unused(), []);
  });

  test('gives addresses, aliases and links that were asked for', async () => {
    await at.networks.create({
      name: 'plan',
      ipam: {
        config: [{ subnet: '10.77.0.0/24', gateway: '10.77.0.254', ipRange: '10.77.0.128/25' }],
      },
    });
    const asked = { IPAMConfig: { IPv4Address: '10.77.0.9' }, Aliases: ['www', 'api'] };
    const web = await at.run('web', {
      endpoints: { plan: { ...asked, MacAddress: '02:00:00:00:00:09' } },
    });
    const two = await at.run('two', {
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
    const { attachments } = at.networks.get('plan');
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
      await assert.rejects(at.run('three', { endpoints: { plan: settings } }), message);
    }
    await at.stop('web', 'two');
    await at.networks.remove('plan');
  });

  test('that is internal reaches nothing else', async () => {
    await at.networks.create({ name: 'inside', internal: true });
    const one = await at.run('one', { endpoints: { inside: {} }, ports: [port(80, 8400)] });
    const two = await at.run('two', { endpoints: { inside: {} } });
    await one.peer.serve('tcp', 80);
    await at.neighbour.serve('tcp', 9001);
    const { IPAddress: address = '', Gateway } = one.network.endpoints.inside!;
    assert.equal(Gateway, '');
    assert.deepEqual(one.network.ports, []);
    assert.match(await two.peer.ask('tcp', address, 80), /^one sees/);
    assert.equal(await two.peer.ask('tcp', '192.0.2.9', 9001), 'ENETUNREACH');
    const [server = ''] = two.network.nameservers;
    assert.equal(await two.peer.resolve(server, 'one', 'A'), address);
    await at.stop('one', 'two');
    await at.networks.remove('inside');
  });

  test('with IPv6 speaks it, inside and at its ports', async () => {
    await at.networks.create({ name: 'six', enableIPv6: true });
    const one = await at.run('one', { endpoints: { six: {} }, ports: [port(80, 8500)] });
    const two = await at.run('two', { endpoints: { six: {} } });
    const { GlobalIPv6Address: address = '', IPv6Gateway: gateway = '' } =
      one.network.endpoints.six!;
    assert.match(address, /^fd/);
    await one.peer.serve('tcp', 80);
    const { GlobalIPv6Address: caller } = two.network.endpoints.six!;
    assert.equal(await two.peer.ask('tcp', address, 80), `one sees ${caller}`);
    const [server = ''] = two.network.nameservers;
    assert.equal(await two.peer.resolve(server, 'one', 'AAAA'), address);
    assert.equal(await at.machine.ask('tcp', gateway, 8500), `one sees ${gateway}`);
    assert.match(await at.machine.ask('tcp', '::1', 8500), /^one sees/);
    await at.neighbour.serve('tcp', 9003);
    assert.equal(await one.peer.ask('tcp', '2001:db8::9', 9003), 'neighbour sees 2001:db8::1');
    assert.equal(await at.neighbour.ask('tcp', '2001:db8::1', 8500), 'one sees 2001:db8::9');
    assert.equal(await two.peer.ask('tcp', '2001:db8::1', 8500), `one sees ${gateway}`);
    assert.equal(await at.neighbour.ask('tcp', address, 80), 'silence');
    const four = await at.run('four', { ports: [port(80, 8501)] });
    await four.peer.serve('tcp', 80);
    assert.match(await at.neighbour.ask('tcp', '2001:db8::1', 8501), /^four sees/);
    const { GlobalIPv6Address: late = '' } = await at.networks.connect(idOf('four'), 'six', {});
    assert.match(await two.peer.ask('tcp', late, 80), /^four sees/);
    assert.equal(await four.peer.ask('tcp', '2001:db8::9', 9003), 'neighbour sees 2001:db8::1');
    await at.stop('four');
    await at.stop('one', 'two');
    await at.networks.remove('six');
  });

  test('may keep its containers from each other', async () => {
    const options = { 'com.docker.network.bridge.enable_icc': 'false' };
    await at.networks.create({ name: 'lonely', options });
    const one = await at.run('one', { endpoints: { lonely: {} } });
    const two = await at.run('two', { endpoints: { lonely: {} } });
    await one.peer.serve('tcp', 80);
    const { IPAddress: address = '' } = one.network.endpoints.lonely!;
    assert.match(await two.peer.ask('tcp', address, 80), /silence|EHOSTUNREACH/);
    assert.match(await at.machine.ask('tcp', address, 80), /^one sees/);
    await at.stop('one', 'two');
    await at.networks.remove('lonely');
  });
});

describe('connect and disconnect', () => {
  const at = onStage();

  test('follow with interfaces, names, routes and ports', async () => {
    await at.networks.create({ name: 'aaa' });
    await at.networks.create({ name: 'zzz' });
    const web = await at.run('web', { endpoints: { zzz: {} }, ports: [port(80, 8600)] });
    const friend = await at.run('friend', { endpoints: { aaa: {} } });
    await web.peer.serve('tcp', 80);
    await at.neighbour.serve('tcp', 9002);
    const given = await at.networks.connect(idOf('web'), 'aaa', { Aliases: ['site'] });
    assert.equal(at.networks.lookup(idOf('web'))!.endpoints.aaa!.IPAddress, given.IPAddress);
    const [server = ''] = friend.network.nameservers;
    assert.equal(await friend.peer.resolve(server, 'site', 'A'), given.IPAddress);
    assert.match(await friend.peer.ask('tcp', given.IPAddress!, 80), /^web sees/);
    // aaa comes before zzz, so it is the way out and the ports lead there now.
    assert.match(await at.machine.ask('tcp', '127.0.0.1', 8600), /^web sees/);
    assert.match(await web.peer.ask('tcp', '192.0.2.9', 9002), /^neighbour sees/);
    const twice = {
      kind: 'forbidden',
      message: 'endpoint with name web already exists in network aaa',
    };
    await assert.rejects(at.networks.connect(idOf('web'), 'aaa', {}), twice);

    await at.networks.disconnect(idOf('web'), 'aaa');
    assert.equal(await friend.peer.resolve(server, 'site', 'A'), 'ESERVFAIL');
    assert.match(await at.machine.ask('tcp', '127.0.0.1', 8600), /^web sees/);
    assert.match(await web.peer.ask('tcp', '192.0.2.9', 9002), /^neighbour sees/);
    await at.networks.disconnect(idOf('web'), 'zzz');
    assert.deepEqual(at.networks.lookup(idOf('web'))!.ports, []);
    assert.equal(await at.machine.ask('tcp', '127.0.0.1', 8600), 'ECONNREFUSED');
    assert.equal(await web.peer.ask('tcp', '192.0.2.9', 9002), 'ENETUNREACH');
    await at.networks.connect(idOf('web'), 'zzz', {});
    assert.match(await at.machine.ask('tcp', '127.0.0.1', 8600), /^web sees/);

    const stranger = {
      kind: 'forbidden',
      message: 'container id-web is not connected to network aaa',
    };
    await assert.rejects(at.networks.disconnect(idOf('web'), 'aaa'), stranger);
    await assert.rejects(at.networks.connect(idOf('web'), 'host', {}), { kind: 'invalid' });
    await assert.rejects(at.networks.connect(idOf('web'), 'nope', {}), {
      message: 'network nope not found',
    });
    await assert.rejects(at.networks.connect(idOf('nobody'), 'aaa', {}), { kind: 'conflict' });
    await at.stop('web', 'friend');
    await at.networks.remove('aaa');
    await at.networks.remove('zzz');
  });
});
