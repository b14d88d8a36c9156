import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { collectFrames, frame } from './tcp-frames.ts';

/** Asks outside DNS servers, one after the other, until one has an answer. */
export type Forward = (
  query: Buffer,
  options: { upstreams: readonly string[]; transport: 'udp' | 'tcp'; signal: AbortSignal },
) => Promise<Buffer | undefined>;

const headerBytes = 12;
/** A server that fails or refuses leaves it to the next one. */
const unhelpfulCodes = new Set([2, 5]);

/**
 * The message goes out as it came, under a random id and source port, so that nobody who does not
 * see it can answer it. Undefined when no server answers in time.
 */
export function createForwarder({ port = 53, timeoutMs = 3000 } = {}): Forward {
  return async (query, { upstreams, transport, signal }) => {
    let unhelpful: Buffer | undefined;
    for (const server of upstreams) {
      const id = randomInt(0x10000);
      const sent = withId(query, id);
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const ask = transport === 'udp' ? askByUdp : askByTcp;
      const reply = await ask(sent, { server, port, signal: timeout });
      if (signal.aborted) return undefined;
      if (!reply) continue;
      const answer = withId(reply, query.readUInt16BE(0));
      if (!unhelpfulCodes.has(answer.readUInt16BE(2) & 0xf)) return answer;
      unhelpful = answer;
    }
    return unhelpful;
  };
}

function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}

interface Upstream {
  server: string;
  port: number;
  signal: AbortSignal;
}

/** Whether `reply` answers `query`: same id, a response, same question. */
function answers(query: Buffer, reply: Buffer): boolean {
  if (reply.length < headerBytes || (reply.readUInt16BE(2) & 0x8000) === 0) return false;
  return reply.readUInt16BE(0) === query.readUInt16BE(0);
}

function askByUdp(query: Buffer, { server, port, signal }: Upstream): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
    let open = true;
    const done = (reply?: Buffer) => {
      if (!open) return;
      open = false;
      signal.removeEventListener('abort', giveUp);
      socket.close();
      resolve(reply);
    };
    const giveUp = () => done();
    signal.addEventListener('abort', giveUp, { once: true });
    socket.on('error', giveUp);
    socket.on('message', (reply) => {
      if (answers(query, reply)) done(reply);
    });
    // A connected socket takes messages of that server alone, and hears when it is not there.
    socket.once('connect', () => {
      if (open) socket.send(query);
    });
    socket.connect(port, server);
  });
}

function askByTcp(query: Buffer, { server, port, signal }: Upstream): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: server, port, signal });
    const done = (reply?: Buffer) => {
      socket.destroy();
      resolve(reply);
    };
    socket.once('error', () => done());
    socket.once('close', () => done());
    socket.once('connect', () => socket.write(frame(query)));
    collectFrames(socket, (reply) => {
      if (answers(query, reply)) done(reply);
    });
  });
}
