import { parentPort, workerData } from 'node:worker_threads';
import { call, check, declare } from '../src/linux/index.ts';

/** What one connection fetches: the same path again and again, on loopback. */
export interface Downloads {
  readonly port: number;
  readonly path: string;
  readonly sizeBytes: number;
}

const native = {
  socket: declare('int socket(int family, int type, int protocol)'),
  connect: declare('int connect(int fd, const void *address, uint size)'),
  send: declare('int64_t send(int fd, const void *bytes, size_t size, int flags)'),
  recv: declare('int64_t recv(int fd, _Out_ void *bytes, size_t size, int flags)'),
  close: declare('int close(int fd)'),
};
const inet = 2;
const stream = 1;
/** On TCP: what was received is dropped in the kernel, not copied. */
const truncate = 0x20;

/**
 * A client for a thread of its own that costs next to nothing beside the server it measures: it
 * waits in the kernel, and the kernel drops the body's bytes. It says when it is connected; each message from the parent is one
 * request; the answer says that all of its body came, or throws.
 */
function download({ port, path, sizeBytes }: Downloads): void {
  const fd = check(call(native.socket, inet, stream, 0), 'socket');
  const address = Buffer.alloc(16);
  address.writeUInt16LE(inet, 0);
  address.writeUInt16BE(port, 2);
  address.set([127, 0, 0, 1], 4);
  check(call(native.connect, fd, address, address.length), 'connect');
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  const buffer = Buffer.alloc(2 ** 20);
  const receive = (at: number, most: number, flags: number) => {
    const size = check(call(native.recv, fd, buffer.subarray(at), most, flags), 'recv');
    if (size === 0) throw new Error(`GET ${path}: the connection ended early`);
    return size;
  };
  parentPort?.on('message', () => {
    check(call(native.send, fd, request, request.length, 0), 'send');
    let size = 0;
    let bodyAt = -1;
    while (bodyAt < 0) {
      size += receive(size, 4096, 0);
      bodyAt = buffer.subarray(0, size).indexOf('\r\n\r\n');
    }
    const head = buffer.toString('latin1', 0, bodyAt);
    if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`GET ${path}: ${head}`);
    let left = sizeBytes - (size - bodyAt - 4);
    while (left > 0) left -= receive(0, Math.min(left, buffer.length), truncate);
    parentPort?.postMessage('done');
  });
  parentPort?.once('close', () => call(native.close, fd));
  parentPort?.postMessage('connected');
}

download(workerData as Downloads);
