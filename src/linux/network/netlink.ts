import { type BerthError, internal } from '../../core/index.ts';
import { call, callElsewhere, check, declare } from '../libc.ts';
import {
  encodeRequest,
  failureOf,
  messagesIn,
  type NetlinkMessage,
  type NetlinkRequest,
  netlinkFlag,
  netlinkType,
} from './netlink-message.ts';

const native = {
  socket: declare('int socket(int domain, int type, int protocol)'),
  setsockopt: declare(
    'int setsockopt(int fd, int level, int option, const void *value, unsigned int length)',
  ),
  send: declare('int64_t send(int fd, const void *buffer, size_t length, int flags)'),
  recv: declare('int64_t recv(int fd, void *buffer, size_t length, int flags)'),
  close: declare('int close(int fd)'),
};
const afNetlink = 16;
const rawCloseOnExec = 3 | 0o2000000;
const solNetlink = 270;
const options = { capAck: 10, extendedAck: 11 };
/** Acknowledgements wait in the receive buffer until we read them: stay far below its size. */
const mostPerDatagram = 64;

/** Families of netlink (netlink(7)). */
export const netlinkFamily = { route: 0, netfilter: 12 } as const;

/**
 * A socket to the kernel, of the network namespace the calling thread is in when it opens it; from
 * then on it serves from anywhere. While the kernel works, or waits for its lock, it does so on
 * another thread. Holding it open keeps the namespace alive.
 */
export interface Netlink extends Disposable {
  /**
   * Sends the requests in one datagram, answered one by one. The kernel goes through all of them
   * whatever becomes of each; throws `internal` with the first failure not tolerated.
   */
  batch(requests: readonly NetlinkRequest[]): Promise<void>;
  /** Sends a request for one object or, with the flag `dump`, for a list. */
  query(request: NetlinkRequest): Promise<NetlinkMessage[]>;
}

export function openNetlink(family: number = netlinkFamily.route): Netlink {
  const opened = call(native.socket, afNetlink, rawCloseOnExec, family);
  const fd = check(opened, 'socket(AF_NETLINK)');
  const on = Buffer.from([1, 0, 0, 0]);
  for (const option of Object.values(options)) {
    call(native.setsockopt, fd, solNetlink, option, on, on.length);
  }
  let sequence = 0;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (closed) throw internal('use netlink: the socket is closed');
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  }

  async function batch(requests: readonly NetlinkRequest[]): Promise<void> {
    const failures: BerthError[] = [];
    for (let at = 0; at < requests.length; at += mostPerDatagram) {
      const part = requests.slice(at, at + mostPerDatagram);
      failures.push(...(await sendDatagram(fd, part, sequence + 1)));
      sequence += part.length;
    }
    if (failures[0]) throw failures[0];
  }

  return {
    batch: (requests) => inTurn(() => batch(requests)),
    query: (request) => inTurn(() => query(fd, request, ++sequence)),
    [Symbol.dispose]() {
      // After what is under way, and never twice: the number may be somebody else's by then.
      if (!closed) void inTurn(async () => call(native.close, fd));
      closed = true;
    },
  };
}

/** One datagram of requests numbered from `first`; gives the failures not tolerated. */
async function sendDatagram(
  fd: number,
  requests: readonly NetlinkRequest[],
  first: number,
): Promise<BerthError[]> {
  const bytes = Buffer.concat(
    requests.map((request, i) => encodeRequest(request, first + i, netlinkFlag.ack)),
  );
  check(await callElsewhere(native.send, fd, bytes, bytes.length, 0), 'send(AF_NETLINK)');
  const failures: BerthError[] = [];
  const buffer = Buffer.alloc(4096);
  for (let left = requests.length; left > 0; left--) {
    const size = check(call(native.recv, fd, buffer, buffer.length, 0), 'recv(AF_NETLINK)');
    for (const message of messagesIn(buffer.subarray(0, size))) {
      const request = requests[message.sequence - first];
      if (!request || message.type !== netlinkType.error) {
        throw internal(`read netlink: message of type ${message.type} is no acknowledgement`);
      }
      const failure = failureOf(request, message);
      if (failure) failures.push(failure);
    }
  }
  return failures;
}

async function query(
  fd: number,
  request: NetlinkRequest,
  sequence: number,
): Promise<NetlinkMessage[]> {
  const bytes = encodeRequest(request, sequence, 0);
  check(await callElsewhere(native.send, fd, bytes, bytes.length, 0), 'send(AF_NETLINK)');
  const answers: NetlinkMessage[] = [];
  for (;;) {
    const buffer = Buffer.alloc(32 * 1024);
    const receiving = callElsewhere(native.recv, fd, buffer, buffer.length, 0);
    const size = check(await receiving, 'recv(AF_NETLINK)');
    for (const message of messagesIn(buffer.subarray(0, size))) {
      if (message.type === netlinkType.done) return answers;
      if (message.type === netlinkType.error) {
        const failure = failureOf(request, message);
        if (failure) throw failure;
        return answers;
      }
      answers.push(message);
      if (!(message.flags & netlinkFlag.multi)) return answers;
    }
  }
}
