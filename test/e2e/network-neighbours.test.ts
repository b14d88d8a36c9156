import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { decode, encode } from 'dns-packet';
import type { Networks } from '../../src/engine/index.ts';
import { addBridge, deleteLink, openNetlink, openNftables } from '../../src/linux/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { idOf, nothingLeft, requestFor, type Stage, setStage } from './network-stage.ts';
import { useOwnNetwork } from './own-network.ts';

useOwnNetwork();

let stage: Stage;
beforeEach(async () => {
  stage = await setStage();
});
afterEach(() => stage[Symbol.asyncDispose]());

async function started(): Promise<Networks & AsyncDisposable> {
  const networks = stage.networks();
  await networks.adopt([]);
  return networks;
}

/** A DNS server that knows one address for every name; closed by the caller. */
async function serveDns(address: string, answer: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const { id, questions } = decode(query);
    const name = questions![0]!.name;
    const answers = [{ type: 'A' as const, name, ttl: 1, data: answer }];
    const reply = encode({ type: 'response', id, questions, answers });
    socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(53, address, resolve));
  return socket;
}

describe('names that are none of ours', () => {
  test('are asked of the machine, loopback and all, as its file changes', async () => {
    const resolvConf = join(stage.folder, 'resolv.conf');
    const local = await serveDns('127.0.0.53', '203.0.113.1');
    const other = await serveDns('127.0.0.54', '203.0.113.2');
    let clockMs = 0;
    const networks = stage.networks({ now: () => clockMs });
    await networks.adopt([]);
    writeFileSync(resolvConf, 'nameserver 127.0.0.53\n');
    clockMs += 2000;
    const { peer, network } = await stage.container(networks, 'asker');
    const [server = ''] = network.nameservers;
    assert.equal(await peer.resolve(server, 'example.org', 'A'), '203.0.113.1');
    rmSync(resolvConf);
    writeFileSync(resolvConf, 'nameserver 127.0.0.54\n');
    clockMs += 2000;
    assert.equal(await peer.resolve(server, 'example.org', 'A'), '203.0.113.2');
    rmSync(resolvConf);
    clockMs += 2000;
    assert.equal(await peer.resolve(server, 'example.org', 'A'), 'ESERVFAIL');

    const own = await stage.container(networks, 'own', { dns: ['127.0.0.53'] });
    assert.equal(await own.peer.resolve(server, 'example.org', 'A'), '203.0.113.1');
    await networks.create({ name: 'inside', internal: true });
    const request = { endpoints: { inside: {} }, dns: ['127.0.0.53'] };
    const inside = await stage.container(networks, 'inside', request);
    const [insideServer = ''] = inside.network.nameservers;
    assert.equal(await inside.peer.resolve(insideServer, 'example.org', 'A'), 'ESERVFAIL');
    for (const name of ['asker', 'own', 'inside']) await networks.tearDown(idOf(name));
    await networks[Symbol.asyncDispose]();
    for (const socket of [local, other]) socket.close();
  });

  test('and ours are answered where another program has port 53 of all addresses', async () => {
    const holder = await serveDns('0.0.0.0', '203.0.113.9');
    await using networks = await started();
    const one = await stage.container(networks, 'one');
    const two = await stage.container(networks, 'two');
    const [server = ''] = one.network.nameservers;
    const { IPAddress: address } = two.network.endpoints.bridge!;
    assert.equal(await one.peer.resolve(server, 'two', 'A'), address);
    assert.deepEqual(stage.warnings, []);
    for (const name of ['one', 'two']) await networks.tearDown(idOf(name));
    holder.close();
  });
});

describe('rules of others', () => {
  test('that drop by policy let our packets through, and get our rule back', async () => {
    using nft = openNftables();
    await nft.run(`table ip filter {
      chain FORWARD { type filter hook forward priority filter; policy drop; }
      chain INPUT { type filter hook input priority filter; policy drop; iifname "lo" accept; }
    }`);
    const neighbour = await stage.neighbour();
    const networks = await started();
    const ports = [{ containerPort: 80, hostPort: 8700, hostIp: '', protocol: 'tcp' as const }];
    const web = await stage.container(networks, 'web', { ports });
    const two = await stage.container(networks, 'two');
    await web.peer.serve('tcp', 80);
    await neighbour.serve('tcp', 9000);
    assert.match(await neighbour.ask('tcp', '192.0.2.1', 8700), /^web sees/);
    assert.match(await web.peer.ask('tcp', '192.0.2.9', 9000), /^neighbour sees/);
    const [server = ''] = two.network.nameservers;
    const { IPAddress: address } = web.network.endpoints.bridge!;
    assert.equal(await two.peer.resolve(server, 'web', 'A'), address);
    for (const name of ['web', 'two']) await networks.tearDown(idOf(name));
    await networks[Symbol.asyncDispose]();
    const rules = (await nft.query('list table ip filter')).filter(({ rule }) => rule);
    assert.deepEqual(
      rules.map(({ rule }) => rule!.comment),
      [undefined],
    );
    await nft.run('delete table ip filter');
    assert.deepEqual(await stage.traces(), nothingLeft);
  });

  test('that are flushed with ours are no end: the next change writes the table anew', async () => {
    using nft = openNftables();
    let clockMs = 0;
    await using networks = stage.networks({ now: () => clockMs });
    await networks.adopt([]);
    const port = (hostPort: number) => ({
      containerPort: 80,
      hostPort,
      hostIp: '0.0.0.0',
      protocol: 'tcp' as const,
    });
    await networks.setUp(requestFor('first', { ports: [port(8710)] }));
    await nft.run('flush ruleset');
    await networks.setUp(requestFor('second', { ports: [port(8711)] }));
    const table = JSON.stringify(await nft.query('list table inet berth0'));
    assert.match(table, /chain/);
    assert.deepEqual((await stage.traces()).tables, ['berth0']);
    await nft.run('flush ruleset');
    clockMs += 10_000;
    await networks.setUp(requestFor('third'));
    assert.deepEqual((await stage.traces()).tables, ['berth0']);
    await nft.run('flush ruleset');
    for (const name of ['first', 'second', 'third']) await networks.tearDown(idOf(name));
    assert.deepEqual(stage.warnings, []);
  });
});

describe('a second daemon', () => {
  const second = (bridge: string) => ({
    bridge: { name: bridge },
    runPath: join(stage.folder, 'run2'),
    database: openDatabase(join(stage.folder, `${bridge}.db`)),
  });

  test('lives beside the first with a bridge and subnets of its own', async () => {
    await using one = await started();
    await using two = stage.networks(second('berth1'));
    await two.adopt([]);
    const ports = [
      { containerPort: 80, hostPort: 8800, hostIp: '0.0.0.0', protocol: 'tcp' as const },
    ];
    const web = await stage.container(one, 'web', { ports });
    const guest = await stage.container(two, 'guest');
    await web.peer.serve('tcp', 80);
    const subnetOf = (networks: Networks) => networks.get('bridge').ipam.config[0]!.subnet;
    assert.notEqual(subnetOf(one), subnetOf(two));
    const { IPAddress: address = '' } = web.network.endpoints.bridge!;
    assert.equal(await guest.peer.ask('tcp', address, 80), 'silence');
    const { Gateway: gateway = '' } = guest.network.endpoints.bridge!;
    assert.match(await guest.peer.ask('tcp', gateway, 8800), /^web sees/);
    const made = await Promise.all(
      [one, two].map((networks) => networks.create({ name: 'same' }).then(() => networks)),
    );
    assert.notEqual(
      ...(made.map((networks) => networks.get('same').ipam.config[0]!.subnet) as [string, string]),
    );
    await assert.rejects(two.setUp(requestFor('thief', { ports })), /address already in use/);
    for (const networks of made) await networks.remove('same');
    await one.tearDown(idOf('web'));
    await two.tearDown(idOf('guest'));
  });

  test('is refused the bridge of the first, and harms nothing by asking', async () => {
    await using one = await started();
    const ports = [
      { containerPort: 80, hostPort: 8801, hostIp: '0.0.0.0', protocol: 'tcp' as const },
    ];
    await one.setUp(requestFor('web', { ports }));
    const before = await stage.traces();
    const two = stage.networks({ ...second('other'), bridge: { name: 'berth0' } });
    await assert.rejects(two.adopt([]), {
      kind: 'conflict',
      message: /belongs to another running/,
    });
    await two[Symbol.asyncDispose]();
    assert.deepEqual(await stage.traces(), before);
    await one.tearDown(idOf('web'));
  });

  test('takes no bridge that somebody else made', async () => {
    using netlink = openNetlink();
    await netlink.batch([addBridge({ name: 'berth0', macAddress: '02:00:00:00:00:01' })]);
    const networks = stage.networks();
    await assert.rejects(networks.adopt([]), { kind: 'conflict', message: /not Berth's/ });
    await networks[Symbol.asyncDispose]();
    assert.deepEqual((await stage.traces()).links, ['berth0']);
    await netlink.batch([deleteLink('berth0')]);
  });
});
