import { closeSync, fchmodSync } from 'node:fs';
import { invalid } from '../../core/index.ts';
import { call, check, declare } from '../libc.ts';

const socket = declare('int socket(int domain, int type, int protocol)');
const bind = declare('int bind(int fd, const uint8_t *address, uint32_t length)');
const listen = declare('int listen(int fd, int backlog)');

const unixDomain = 1;
const closeOnExecStream = 0o2000001;
/** Of `sun_path`, with the zero at its end. */
const mostPathBytes = 108;
const backlog = 16;

/**
 * A socket that listens at a path, for a program to inherit: whoever connects before that program
 * has started waits for it. Throws EADDRINUSE when the path is taken, `invalid` when it is too long.
 */
export function listenForHeir(path: string): number {
  const name = Buffer.from(`${path}\0`);
  if (name.length > mostPathBytes) {
    throw invalid(`listen on ${path}: longer than ${mostPathBytes - 1} bytes`);
  }
  const address = Buffer.concat([Buffer.from(new Uint16Array([unixDomain]).buffer), name]);
  const fd = check(call(socket, unixDomain, closeOnExecStream, 0), 'socket');
  try {
    // The file that bind makes takes over the mode.
    fchmodSync(fd, 0o600);
    check(call(bind, fd, address, address.length), 'bind', path);
    check(call(listen, fd, backlog), 'listen', path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
