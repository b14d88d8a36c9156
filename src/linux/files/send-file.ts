import { constants as os } from 'node:os';
import { call, callElsewhere, check, declare } from '../libc.ts';

const native = {
  sendfile: declare('int64_t sendfile(int to, int from, _Inout_ int64_t *position, size_t size)'),
  fcntl: declare('int fcntl(int fd, int command, int least)'),
};

const { EAGAIN, EINTR, EPIPE, ECONNRESET } = os.errno;
const notNow = new Set([EAGAIN, EINTR, EPIPE, ECONNRESET]);

/** F_DUPFD_CLOEXEC of linux/fcntl.h. */
const duplicateClosedOnExec = 1030;

/** Another descriptor of the same open file, the caller's to close; throws as Node's fs does. */
export function duplicateFd(fd: number): number {
  return check(call(native.fcntl, fd, duplicateClosedOnExec, 0), 'fcntl F_DUPFD_CLOEXEC');
}

/**
 * Has the kernel send up to `sizeBytes` of a file, from `position` on, to a socket that does not
 * block, on another thread: the bytes it took, which are fewer, or none, when its buffer is full
 * or its other end is gone, as the next write tells. Both descriptors must stay open until then. Throws as Node's fs does.
 */
export async function sendFileBytes(
  socketFd: number,
  fileFd: number,
  { position, sizeBytes }: { position: number; sizeBytes: number },
): Promise<number> {
  const sent = await callElsewhere(native.sendfile, socketFd, fileFd, [position], sizeBytes);
  return notNow.has(-sent) ? 0 : check(sent, 'sendfile');
}
