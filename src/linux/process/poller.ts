import { closeSync } from 'node:fs';
import { call, check, declare } from '../libc.ts';

const epollCreate = declare('int epoll_create1(int flags)');
const epollCtl = declare('int epoll_ctl(int epfd, int op, int fd, void *event)');
const epollWait = declare('int epoll_wait(int epfd, _Out_ void *events, int most, int timeout_ms)');
const eventfd = declare('int eventfd(uint32_t initial, int flags)');

const cloexec = 0o2000000;
const nonblock = 0o4000;
const add = 1;
const remove = 2;
const readable = 0x1;
const eintr = -4;
/** `struct epoll_event` is packed on x86-64 alone. */
const dataOffset = process.arch === 'x64' ? 4 : 8;
const eventBytes = dataOffset + 8;
const mostAtOnce = 64;

/** Waits on many descriptors at once (epoll). For a worker thread: `wait` holds the thread. */
export class Poller implements Disposable {
  readonly #fd = check(call(epollCreate, cloexec), 'epoll_create1');
  readonly #events = Buffer.alloc(eventBytes * mostAtOnce);

  /** Reports `fd` from now on whenever something can be read from it, its end included. */
  add(fd: number): void {
    const event = Buffer.alloc(eventBytes);
    event.writeUInt32LE(readable, 0);
    event.writeUInt32LE(fd, dataOffset);
    check(call(epollCtl, this.#fd, add, fd, event), 'epoll_ctl');
  }

  remove(fd: number): void {
    check(call(epollCtl, this.#fd, remove, fd, Buffer.alloc(eventBytes)), 'epoll_ctl');
  }

  /** The descriptors that can be read, waiting for one up to `timeoutMs` (-1: for ever). */
  wait(timeoutMs: number): number[] {
    const count = call(epollWait, this.#fd, this.#events, mostAtOnce, timeoutMs);
    if (count === eintr) return [];
    check(count, 'epoll_wait');
    return Array.from({ length: count }, (_, index) =>
      this.#events.readUInt32LE(index * eventBytes + dataOffset),
    );
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** A descriptor that becomes readable when eight bytes, a count, are written to it. */
export function openEventFd(): number {
  return check(call(eventfd, 0, cloexec | nonblock), 'eventfd');
}
