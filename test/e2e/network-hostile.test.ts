import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { encode } from 'dns-packet';
import { openDnsServer } from '../../src/engine/network/dns/dns-server.ts';
import { createNameIndex } from '../../src/engine/network/dns/name-index.ts';
import { openUdpRelay } from '../../src/engine/network/ports/udp-relay.ts';
import { call, check, closeFd, declare, openNetlink, setLinkUp } from '../../src/linux/index.ts';
import { useOwnNetwork } from './own-network.ts';

useOwnNetwork();

const here = '127.0.0.1';
const query = encode({ type: 'query', id: 1, questions: [{ name: 'web', type: 'A' }] });

/** Sends a datagram from port 0, as any container with its raw sockets can. */
function sendFromPortZero(port: number, payload: Buffer): void {
  const socket = declare('int socket(int domain, int type, int protocol)');
  const sendto = declare(
    'int64_t sendto(int fd, const void *data, size_t length, int flags, const void *to, unsigned int toLength)',
  );
  const fd = check(call(socket, 2, 3, 17), 'socket');
  const header = Buffer.alloc(8);
  header.writeUInt16BE(port, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  const packet = Buffer.concat([header, payload]);
  const address = Buffer.alloc(16);
  address.writeUInt16LE(2, 0);
  address.set([127, 0, 0, 1], 4);
  check(call(sendto, fd, packet, packet.length, 0, address, address.length), 'sendto');
  closeFd(fd);
}

async function loopbackUp(): Promise<void> {
  using netlink = openNetlink();
  await netlink.batch([setLinkUp('lo')]);
}

describe('a datagram from port 0', () => {
  test('is no end of the DNS server', async () => {
    await loopbackUp();
    const names = createNameIndex();
    names.add({
      containerId: 'c',
      containerName: 'web',
      networkName: 'net',
      external: true,
      aliases: [],
      links: new Map(),
      ipv4: here,
      ipv6: '',
      upstreams: [],
    });
    const forward = async () => undefined;
    const options = { address: here, networkName: 'net', names, forward, upstreams: () => [] };
    await using server = await openDnsServer(options);
    sendFromPortZero(server.port, query);
    const client = createSocket('udp4');
    const answered = once(client, 'message');
    client.send(query, server.port, here);
    await answered;
    client.close();
  });

  test('is no end of a published UDP port', async () => {
    const echo = createSocket('udp4');
    echo.on('message', (message, { port }) => echo.send(message, port, here));
    await new Promise<void>((resolve) => echo.bind(0, here, resolve));
    const target = { address: here, port: echo.address().port };
    await using relay = await openUdpRelay({ address: here, port: 0 }, target);
    sendFromPortZero(relay.port, Buffer.from('nobody'));
    const client = createSocket('udp4');
    const answered = once(client, 'message');
    client.send('somebody', relay.port, here);
    assert.equal(String((await answered)[0]), 'somebody');
    for (const socket of [echo, client]) socket.close();
  });
});
