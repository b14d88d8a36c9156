/**
 * The program of the process that carries on what arrives at IPv6 ports. It outlives the daemon that
 * started it, which gave it its control socket as descriptor 3, and ends when it holds no port and no
 * daemon is there. It imports little: what it does not load it does not hold in memory.
 */
import { createServer, type Socket } from 'node:net';
import { lineReader, type RelayAnswer, type RelayRequest, relayKey } from './relay-protocol.ts';
import { openTcpRelay, type Relay } from './tcp-relay.ts';
import { openUdpRelay } from './udp-relay.ts';

const controlFd = 3;
/** Whoever started it and died before the first word comes never. */
const firstWordMs = 30_000;

const relays = new Map<string, { relay: Relay; target: string }>();
const daemons = new Set<Socket>();
let last: Promise<unknown> = Promise.resolve();

async function close(key: string): Promise<void> {
  const open = relays.get(key);
  relays.delete(key);
  await open?.relay[Symbol.asyncDispose]();
}

async function obey(request: RelayRequest): Promise<void> {
  switch (request.kind) {
    case 'open': {
      const { protocol, listen, target } = request.spec;
      const key = relayKey(request.spec);
      const wanted = JSON.stringify(target);
      if (relays.get(key)?.target === wanted) return;
      await close(key);
      const open = protocol === 'tcp' ? openTcpRelay : openUdpRelay;
      relays.set(key, { relay: await open(listen, target), target: wanted });
      break;
    }
    case 'close':
      await close(request.key);
      break;
    case 'keep': {
      const kept = new Set(request.keys);
      await Promise.all([...relays.keys()].filter((key) => !kept.has(key)).map(close));
    }
  }
}

async function answer(line: string): Promise<RelayAnswer> {
  try {
    await obey(JSON.parse(line) as RelayRequest);
    return {};
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { error: { code, message } };
  }
}

function endWhenUnused(): void {
  if (daemons.size > 0 || relays.size > 0) return;
  // At once, so that the next daemon is refused and starts another.
  server.close();
  process.exit(0);
}

const server = createServer((daemon) => {
  daemons.add(daemon);
  daemon.on('error', () => daemon.destroy());
  daemon.on('close', () => {
    daemons.delete(daemon);
    // After what it asked for last.
    last = last.then(endWhenUnused);
  });
  daemon.on(
    'data',
    lineReader((line) => {
      last = last.then(async () => daemon.write(`${JSON.stringify(await answer(line))}\n`));
    }),
  );
});
server.listen({ fd: controlFd });
setTimeout(endWhenUnused, firstWordMs).unref();
