import { createSocket, type Socket } from 'node:dgram';
import type { Relay, RelayTarget } from './tcp-relay.ts';

const idleMs = 90_000;
/** A flood from invented addresses must not use up our descriptors. */
const mostClients = 1024;

interface Client {
  socket: Socket;
  lastUsedMs: number;
}

/**
 * As `openTcpRelay`, for datagrams: every client gets a socket of its own towards the container,
 * so that answers find back, until it has been silent for a while.
 */
export async function openUdpRelay(
  listen: { address: string; port: number },
  target: RelayTarget,
): Promise<Relay> {
  const family = listen.address.includes(':') ? 'udp6' : 'udp4';
  const server = createSocket({ type: family, ipv6Only: family === 'udp6' });
  // In the order of their last use, so that the first is the one to give up.
  const clients = new Map<string, Client>();

  function forget(key: string): void {
    clients.get(key)?.socket.close();
    clients.delete(key);
  }
  function clientFor(address: string, port: number): Socket {
    const key = `${address} ${port}`;
    const known = clients.get(key);
    clients.delete(key);
    const socket = known?.socket ?? createSocket(target.address.includes(':') ? 'udp6' : 'udp4');
    clients.set(key, { socket, lastUsedMs: Date.now() });
    if (known) return socket;
    if (clients.size > mostClients) forget(clients.keys().next().value!);
    socket.on('message', (answer) => server.send(answer, port, address));
    socket.on('error', () => forget(key));
    return socket;
  }
  server.on('message', (message, { address, port }) => {
    // Port 0 may be sent from (RFC 768) and cannot be answered.
    if (port === 0) return;
    clientFor(address, port).send(message, target.port, target.address);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.bind({ address: listen.address, port: listen.port, exclusive: true }, resolve);
  });
  // An unreachable client is its own affair; the socket serves the others on.
  server.removeAllListeners('error').on('error', () => {});
  server.unref();
  const sweep = setInterval(() => {
    for (const [key, { lastUsedMs }] of clients) {
      if (Date.now() - lastUsedMs > idleMs) forget(key);
    }
  }, idleMs / 3).unref();
  return {
    port: server.address().port,
    [Symbol.asyncDispose]: () => {
      clearInterval(sweep);
      for (const key of clients.keys()) forget(key);
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
