import { constants as os } from 'node:os';
import { call, check, declare } from '../libc.ts';

const flock = declare('int flock(int fd, int operation)');
const exclusive = 2;
const nonBlocking = 4;

/**
 * Takes the lock of an open file (flock(2)) for this process, until the descriptor is closed or the
 * process ends, however it ends. False when another has it.
 */
export function tryLockFile(fd: number): boolean {
  const result = call(flock, fd, exclusive | nonBlocking);
  if (result === -os.errno.EWOULDBLOCK) return false;
  check(result, 'flock');
  return true;
}
