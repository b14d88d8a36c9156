import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { errnoCode, unavailable } from '../../../core/index.ts';
import { answerQuery, errorReply, headerBytes, responseCode } from './answer.ts';
import type { Forward } from './forwarder.ts';
import type { NamedEndpoint, NameIndex } from './name-index.ts';
import { collectFrames, frame } from './tcp-frames.ts';

/** The DNS server of one bridge, on its gateway's address alone. */
export interface DnsServer extends AsyncDisposable {
  /** 53, unless another program has it: then one that the firewall must lead port 53 to. */
  readonly port: number;
}

export interface DnsServerOptions {
  readonly address: string;
  readonly networkName: string;
  readonly names: NameIndex;
  readonly forward: Forward;
  /** The machine's own servers, for containers that named none. */
  readonly upstreams: () => readonly string[];
  /** 53 unless told otherwise. */
  readonly port?: number;
}

const dnsPort = 53;
/** Questions to the outside under way: of one container, and of all. A flood gets failures. */
const mostPerAsker = 64;
const mostInAll = 512;
/** Questions of one container in a second; more are left unanswered. */
const mostPerSecond = 5000;
const mostConnections = 128;
const mostUnreadBytes = 256 * 1024;
const idleMs = 10_000;

/** Rejects as `listen` does when not even another port can be had. */
export async function openDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const answer = createAnswerer(options);
  // A port that is free for UDP may be taken for TCP: then another one is tried.
  const ports = [options.port ?? dnsPort, 0, 0, 0];
  for (const [tries, port] of ports.entries()) {
    try {
      return await listenOn(port, options.address, answer);
    } catch (error) {
      if (errnoCode(error) !== 'EADDRINUSE' || tries === ports.length - 1) throw error;
    }
  }
  throw unavailable(`listen on ${options.address}: no port is free`);
}

type Answerer = (
  query: Buffer,
  from: string,
  transport: 'udp' | 'tcp',
) => Promise<Buffer | undefined>;

function createAnswerer(options: DnsServerOptions): Answerer & { stop(): void } {
  const { names, forward, networkName } = options;
  const stopping = new AbortController();
  const asking = new Map<string, number>();
  let askingInAll = 0;
  let second = 0;
  const asked = new Map<string, number>();

  function isFlood(containerId: string): boolean {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) asked.clear();
    second = now;
    const count = (asked.get(containerId) ?? 0) + 1;
    asked.set(containerId, count);
    return count > mostPerSecond;
  }

  async function askOutside(
    query: Buffer,
    asker: NamedEndpoint,
    transport: 'udp' | 'tcp',
  ): Promise<Buffer> {
    const failure = () => errorReply(query, responseCode.serverFailure);
    const endpoints = names.of(asker.containerId);
    const mine = asking.get(asker.containerId) ?? 0;
    if (!endpoints.some(({ external }) => external)) return failure();
    if (mine >= mostPerAsker || askingInAll >= mostInAll) return failure();
    asking.set(asker.containerId, mine + 1);
    askingInAll++;
    try {
      const upstreams = asker.upstreams.length > 0 ? asker.upstreams : options.upstreams();
      const { signal } = stopping;
      return (await forward(query, { upstreams, transport, signal })) ?? failure();
    } finally {
      askingInAll--;
      const left = asking.get(asker.containerId)! - 1;
      if (left > 0) asking.set(asker.containerId, left);
      else asking.delete(asker.containerId);
    }
  }

  async function decide(query: Buffer, from: string, transport: 'udp' | 'tcp') {
    const asker = names.at(networkName, from);
    // The machine itself and strangers are told nothing.
    if (!asker || isFlood(asker.containerId)) return undefined;
    const decision = answerQuery(query, { asker: asker.containerId, names, transport });
    if (decision.kind === 'ignore') return undefined;
    if (decision.kind === 'answer') return decision.reply;
    return askOutside(query, asker, transport);
  }
  /** Never rejects: what no one foresaw about one question ends neither the others nor the daemon. */
  const answer: Answerer = (query, from, transport) =>
    decide(query, from, transport).catch(() =>
      query.length < headerBytes ? undefined : errorReply(query, responseCode.serverFailure),
    );
  return Object.assign(answer, { stop: () => stopping.abort() });
}

async function listenOn(
  port: number,
  address: string,
  answer: Answerer & { stop(): void },
): Promise<DnsServer> {
  await using undo = new AsyncDisposableStack();
  const udp = await listenUdp(port, address, answer);
  undo.defer(() => new Promise<void>((resolve) => udp.close(() => resolve())));
  const boundPort = udp.address().port;
  const { server, sockets } = await listenTcp(boundPort, address, answer);
  undo.defer(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  undo.defer(() => answer.stop());
  const kept = undo.move();
  return { port: boundPort, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function listenUdp(port: number, address: string, answer: Answerer): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port, address, exclusive: true }, resolve);
  });
  // A client that went away is no reason to stop serving.
  socket.removeAllListeners('error').on('error', () => {});
  socket.on('message', async (query, from) => {
    // Port 0 may be sent from (RFC 768) and cannot be answered.
    if (from.port === 0) return;
    const reply = await answer(query, from.address, 'udp');
    if (reply && !isClosed(socket)) socket.send(reply, from.port, from.address);
  });
  return socket.unref();
}

function isClosed(socket: UdpSocket): boolean {
  try {
    socket.address();
    return false;
  } catch {
    return true;
  }
}

async function listenTcp(
  port: number,
  address: string,
  answer: Answerer,
): Promise<{ server: Server; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.setTimeout(idleMs, () => socket.destroy());
    collectFrames(socket, async (query) => {
      const reply = await answer(query, socket.remoteAddress ?? '', 'tcp');
      if (!reply || !socket.writable) return;
      if (socket.writableLength > mostUnreadBytes) socket.destroy();
      else socket.write(frame(reply));
    });
  });
  server.maxConnections = mostConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: address, exclusive: true }, resolve);
  });
  // A connection that cannot be accepted (too many open files) is its client's affair.
  server.on('error', () => {});
  return { server: server.unref(), sockets };
}
