import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  addAddress,
  addBridge,
  addDefaultRoute,
  addToBridge,
  addVeth,
  createNetworkNamespace,
  deleteDefaultRoute,
  deleteLink,
  findLink,
  formatAddress,
  formatPrefix,
  listLinks,
  listRoutes,
  mountOld,
  openNetlink,
  openNetlinkIn,
  openNftables,
  parseAddress,
  parseCidr,
  removeNetworkNamespace,
  setBridgePort,
  setLinkUp,
  setNamespaceSysctls,
  unmount,
} from '../../src/linux/index.ts';
import { useOwnNetwork } from './own-network.ts';

useOwnNetwork();

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-network-'));
});
after(() => rmSync(folder, { recursive: true }));
const home = () => readlinkSync('/proc/thread-self/ns/net');

describe('network namespaces', () => {
  test('are kept by their path, with the parameters asked for, until removed', async () => {
    const path = join(folder, 'one');
    const before = home();
    using inside = createNetworkNamespace(path, { 'net.ipv4.ip_unprivileged_port_start': '0' });
    assert.equal(home(), before);
    assert.deepEqual(
      (await listLinks(inside)).map(({ name, up }) => ({ name, up })),
      [{ name: 'lo', up: false }],
    );
    setNamespaceSysctls(path, { 'net.ipv4.ping_group_range': '0 7' });
    assert.notEqual(readFileSync('/proc/sys/net/ipv4/ping_group_range', 'utf8'), '0\t7\n');
    assert.equal(home(), before);
    await removeNetworkNamespace(path);
    await removeNetworkNamespace(path);
    assert.equal(existsSync(path), false);
  });

  test('leave nothing when they cannot be made, and this thread where it was', () => {
    const before = home();
    writeFileSync(join(folder, 'taken'), '');
    assert.throws(() => createNetworkNamespace(join(folder, 'taken')), { code: 'EEXIST' });
    assert.throws(() => createNetworkNamespace(join(folder, 'bad'), { 'net.ipv4.nope': '1' }));
    assert.throws(() => openNetlinkIn(join(folder, 'taken')), { code: 'EINVAL' });
    rmSync(join(folder, 'taken'));
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(home(), before);
  });
});

describe('interfaces', () => {
  test('join a namespace to a bridge and vanish with it', async () => {
    const path = join(folder, 'two');
    using outside = openNetlink();
    using inside = createNetworkNamespace(path);
    await outside.batch([addBridge({ name: 'br-t', macAddress: '02:42:0a:01:00:01' })]);
    const bridge = (await findLink(outside, 'br-t'))!;
    assert.equal(bridge.macAddress, '02:42:0a:01:00:01');
    assert.equal(bridge.kind, 'bridge');
    const gateway = parseCidr('10.1.0.1/16');
    await outside.batch([addAddress({ linkIndex: bridge.index, ...gateway })]);
    const namespaceFd = openSync('/proc/thread-self/ns/net', 'r');
    const peer = { name: 'veth-t', namespaceFd };
    const macAddress = '02:42:0a:01:00:02';
    await inside.batch([addVeth({ name: 'eth0', index: 100, macAddress, mtu: 1400, peer })]);
    closeSync(namespaceFd);
    await outside.batch([
      addToBridge('veth-t', bridge.index),
      setBridgePort('veth-t', { isolated: true, hairpin: true }),
    ]);
    const port = (await findLink(outside, 'veth-t'))!;
    assert.deepEqual([port.master, port.up, port.mtu], [bridge.index, true, 1400]);
    // The machine's own /sys shows the network it was mounted in.
    const sys = mkdirSync(join(folder, 'sys'), { recursive: true })!;
    await mountOld({ source: 'sysfs', target: sys, type: 'sysfs' });
    for (const flag of ['isolated', 'hairpin_mode']) {
      const file = join(sys, 'class/net/veth-t/brport', flag);
      assert.equal(readFileSync(file, 'utf8'), '1\n');
    }
    await unmount(sys);

    const eth0 = (await findLink(inside, 'eth0'))!;
    assert.deepEqual([eth0.index, eth0.macAddress], [100, macAddress]);
    assert.equal(eth0.peerIndex, port.index);
    await inside.batch([
      setLinkUp('lo'),
      setLinkUp('eth0'),
      addAddress({ linkIndex: eth0.index, ...parseCidr('10.1.0.2/16') }),
      addDefaultRoute(gateway.address),
    ]);
    const routes = (await listRoutes(inside)).filter(({ destination }) => destination.family === 4);
    assert.deepEqual(
      routes.map((r) => [formatPrefix(r.destination), r.gateway && formatAddress(r.gateway)]),
      [
        ['0.0.0.0/0', '10.1.0.1'],
        ['10.1.0.0/16', undefined],
      ],
    );
    await inside.batch([deleteDefaultRoute(gateway.address), deleteDefaultRoute(gateway.address)]);

    inside[Symbol.dispose]();
    await removeNetworkNamespace(path);
    while (await findLink(outside, 'veth-t')) await new Promise(setImmediate);
    await outside.batch([deleteLink('br-t'), deleteLink('br-t')]);
  });

  test('say which of a batch failed, and do the rest', async () => {
    using netlink = openNetlink();
    const failing = netlink.batch([
      addDefaultRoute(parseAddress('192.0.2.1')),
      addBridge({ name: 'br-u', macAddress: '02:42:0a:01:00:01' }),
    ]);
    await assert.rejects(failing, { message: /^add default route by 192\.0\.2\.1: .*ENETUNREACH/ });
    assert.ok(await findLink(netlink, 'br-u'));
    await netlink.batch([deleteLink('br-u')]);
  });

  test('are listed even when there are many', async () => {
    using netlink = openNetlink();
    const names = Array.from({ length: 70 }, (_, i) => `many${i}`);
    await netlink.batch(names.map((name) => addBridge({ name, macAddress: '02:42:0a:01:00:01' })));
    const listed = (await listLinks(netlink)).filter(({ name }) => name.startsWith('many'));
    assert.equal(listed.length, names.length);
  });
});

describe('nftables', () => {
  test('takes a script whole or not at all, and names the failing line', async () => {
    using nft = openNftables();
    await nft.run('add table inet t\nadd set inet t s { type ipv4_addr; }');
    await assert.rejects(
      nft.run('add element inet t s { 10.0.0.1 }\ndelete element inet t s { 10.0.0.9 }'),
      { kind: 'internal', message: /10\.0\.0\.9|No such file/ },
    );
    const [set] = (await nft.query('list set inet t s')).filter((object) => object.set);
    assert.equal(set!.set!.elem, undefined);
    await nft.run('delete table inet t');
    assert.deepEqual(await nft.query('list tables'), []);
  });

  test('serves many callers in turn', async () => {
    using nft = openNftables();
    await nft.run('add table inet t\nadd set inet t s { type ipv4_addr; }');
    const addresses = Array.from({ length: 50 }, (_, i) => `10.0.0.${i}`);
    await Promise.all(addresses.map((a) => nft.run(`add element inet t s { ${a} }`)));
    await Promise.all(addresses.map((a) => nft.run(`delete element inet t s { ${a} }`)));
    await nft.run('delete table inet t');
  });
});
