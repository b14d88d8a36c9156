import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A socket that holds a port of the machine, and carries on what arrives there. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
}

/** Where a relay leads. */
export interface RelayTarget {
  readonly address: string;
  readonly port: number;
}

const connectTimeoutMs = 10_000;

/**
 * Listens on an address of the machine and passes each connection on to a container. The kernel
 * sends most connections straight to the container before they reach this socket; those it cannot
 * (IPv6 to a container with IPv4 alone) come here. Rejects as `listen` does: EADDRINUSE and so on.
 */
export async function openTcpRelay(
  listen: { address: string; port: number },
  target: RelayTarget,
): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const upstream = connect({ host: target.address, port: target.port, allowHalfOpen: true });
    upstream.setTimeout(connectTimeoutMs, () => upstream.destroy());
    upstream.once('connect', () => upstream.setTimeout(0));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    // Each direction ends by itself; what breaks one breaks both, and concerns nobody else.
    pipeline(client, upstream, () => {});
    pipeline(upstream, client, () => {});
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    const { address: host, port } = listen;
    server.listen({ host, port, ipv6Only: true, exclusive: true }, resolve);
  });
  // A connection that cannot be accepted (too many open files) is its client's affair.
  server.on('error', () => {});
  server.unref();
  const { port } = server.address() as { port: number };
  return {
    port,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
