import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { BerthError, errnoCode, internal } from '../../../core/index.ts';
import type { PublishedPort } from '../../containers/container.ts';
import type { PortRequest } from '../networks.ts';
import { createPortClaims, type PortClaims } from './port-claims.ts';
import type { Relays } from './relays.ts';
import { openTcpRelay, type RelayTarget } from './tcp-relay.ts';
import { openUdpRelay } from './udp-relay.ts';

/** The machine's ports that containers hold: no two of them the same, and no other program's. */
export interface PortTable extends AsyncDisposable {
  /**
   * Reserves what was asked for, all or nothing, and listens there so that no other program can.
   * Throws in Docker's words when a port is taken.
   */
  reserve(requests: readonly PortRequest[], target: PortTarget): Promise<Reservation>;
  /** Disposing closes all sockets, as the daemon's end does; the kernel's own ways stay. */
}

/** The container the ports lead to. */
export interface PortTarget {
  readonly ipv4: string;
}

export interface Reservation extends AsyncDisposable {
  /** In the order of the requests, host ports and addresses filled in. */
  readonly ports: readonly PublishedPort[];
}

/** Docker's words for what `listen` refused. */
const listenErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
};

/** IPv6 ports are `relays`' affair: no kernel rule leads from them to an IPv4 address. */
export function createPortTable(relays: Pick<Relays, 'open'>): PortTable {
  const claims = createPortClaims();
  const reservations = new Set<AsyncDisposableStack>();
  const ephemeralPorts = createEphemeralPorts();

  /** One host port on all of `addresses`; the next candidate when any of them is taken. */
  async function reserveOne(
    request: PortRequest,
    target: PortTarget,
    undo: AsyncDisposableStack,
  ): Promise<PublishedPort[]> {
    const { protocol, containerPort } = request;
    const addresses = request.hostIp === '' ? wildcardAddresses() : [request.hostIp];
    let lastError: BerthError | undefined;
    for (const hostPort of candidates(request, ephemeralPorts)) {
      await using attempt = new AsyncDisposableStack();
      const ports = addresses.map((hostIp) => ({ protocol, containerPort, hostIp, hostPort }));
      try {
        for (const port of ports) await hold(port, { target, claims, relays, undo: attempt });
        undo.use(attempt.move());
        return ports;
      } catch (error) {
        if (!(error instanceof BerthError && error.code === 'PORT_TAKEN')) throw error;
        lastError = error;
      }
    }
    const isChoice = request.hostPort === 0 || (request.hostPortEnd ?? 0) > request.hostPort;
    if (!isChoice && lastError) throw lastError;
    throw internal(
      `Bind for ${addresses[0]} failed: all ports are allocated (${request.hostPort}-${request.hostPortEnd ?? request.hostPort})`,
      { cause: lastError },
    );
  }

  return {
    async reserve(requests, target) {
      await using undo = new AsyncDisposableStack();
      const ports: PublishedPort[] = [];
      for (const request of requests) ports.push(...(await reserveOne(request, target, undo)));
      const kept = undo.move();
      reservations.add(kept);
      return {
        ports,
        [Symbol.asyncDispose]() {
          reservations.delete(kept);
          return kept.disposeAsync();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...reservations].map((kept) => kept.disposeAsync()));
      reservations.clear();
    },
  };
}

/** Claims the port and listens on it; `undo` gets what gives it back. */
async function hold(
  port: PublishedPort,
  by: {
    target: PortTarget;
    claims: PortClaims;
    relays: Pick<Relays, 'open'>;
    undo: AsyncDisposableStack;
  },
): Promise<void> {
  const { target, claims, relays, undo } = by;
  if (!claims.claim(port)) {
    throw internal(`Bind for ${hostText(port)} failed: port is already allocated`, {
      code: 'PORT_TAKEN',
    });
  }
  undo.defer(() => claims.release(port));
  undo.use(await listen(port, { address: target.ipv4, port: port.containerPort }, relays));
}

/** Listens on the port. SCTP, which Node does not speak, is held by its claim alone. */
async function listen(
  port: PublishedPort,
  target: RelayTarget,
  relays: Pick<Relays, 'open'>,
): Promise<AsyncDisposable | null> {
  const { protocol, hostIp, hostPort } = port;
  if (protocol === 'sctp') return null;
  const place = { address: hostIp, port: hostPort };
  try {
    if (isIPv6(hostIp)) return await relays.open({ protocol, listen: place, target });
    return await (protocol === 'tcp' ? openTcpRelay : openUdpRelay)(place, target);
  } catch (cause) {
    const reason = listenErrors[errnoCode(cause) ?? ''] ?? (cause as Error).message;
    const container = `${target.address}:${target.port}/${port.protocol}`;
    throw internal(`failed to bind host port for ${hostText(port)}:${container}: ${reason}`, {
      cause,
      ...(errnoCode(cause) === 'EADDRINUSE' && { code: 'PORT_TAKEN' }),
    });
  }
}

function hostText({ hostIp, hostPort }: PublishedPort): string {
  return `${isIPv6(hostIp) ? `[${hostIp}]` : hostIp}:${hostPort}`;
}

function wildcardAddresses(): string[] {
  return existsSync('/proc/net/if_inet6') ? ['0.0.0.0', '::'] : ['0.0.0.0'];
}

/** Ports to try, in order: the one, those of a range, or each ephemeral one. */
function* candidates(
  { hostPort, hostPortEnd = hostPort }: PortRequest,
  ephemeralPorts: () => Iterable<number>,
): Iterable<number> {
  if (hostPort === 0) return yield* ephemeralPorts();
  for (let port = hostPort; port <= hostPortEnd; port++) yield port;
}

/** Each port of the machine's ephemeral range once, going on where the last caller stopped. */
function createEphemeralPorts(): () => Iterable<number> {
  const text = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
  const [first = 32768, last = 60999] = text.trim().split(/\s+/).map(Number);
  let next = first;
  return function* () {
    for (let tries = first; tries <= last; tries++) {
      const port = next;
      next = port === last ? first : port + 1;
      yield port;
    }
  };
}
