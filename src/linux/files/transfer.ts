import { constants as os } from 'node:os';
import { call, check, declare } from '../libc.ts';
import { readFd, writeFully } from './at.ts';

const native = {
  copyFileRange: declare(
    'int64_t copy_file_range(int from, void *a, int to, void *b, size_t size, uint flags)',
  ),
  ioctl: declare('int ioctl(int fd, ulong request, int argument)'),
};

/** FICLONE of linux/fs.h: _IOW(0x94, 9, int). */
const fileClone = 0x40049409;
const rangeBytes = 64 * 2 ** 20;
const { EXDEV, EINVAL, EOPNOTSUPP, ENOSYS, EBADF, EPERM, ENOTTY } = os.errno;
const cannotHere = new Set([EXDEV, EINVAL, EOPNOTSUPP, ENOSYS, EBADF, EPERM, ENOTTY]);
/** Whether the last attempt between the same two filesystems was refused; asking again costs time. */
const refused = new Set<string>();

/**
 * Copies what is left of `fromFd` to `toFd`: shared extents where the filesystem can (btrfs, xfs),
 * else inside the kernel, else through memory. Sync; throws as Node's fs does, and what
 * `checkGoOn` throws between two pieces. `pair` names the two filesystems, so that a refusal is remembered. Gives
 * the bytes copied.
 */
export function copyContent(
  from: { fd: number; sizeBytes: number },
  toFd: number,
  { pair, checkGoOn = () => {} }: { pair: string; checkGoOn?: () => void },
): number {
  const cloneKey = `clone ${pair}`;
  if (!refused.has(cloneKey)) {
    const cloned = call(native.ioctl, toFd, fileClone, from.fd);
    if (cloned === 0) return from.sizeBytes;
    if (!cannotHere.has(-cloned)) check(cloned, 'ioctl FICLONE');
    refused.add(cloneKey);
  }
  return from.sizeBytes < copyThroughMemoryBytes
    ? copyThroughMemory(from.fd, toFd, checkGoOn)
    : copyInKernel(from, toFd, { pair, checkGoOn });
}

/** Below this, one read and one write cost less than copy_file_range. */
const copyThroughMemoryBytes = 128 * 1024;

function copyInKernel(
  from: { fd: number; sizeBytes: number },
  toFd: number,
  { pair, checkGoOn }: { pair: string; checkGoOn: () => void },
): number {
  let total = 0;
  while (!refused.has(`range ${pair}`)) {
    checkGoOn();
    const copied = call(native.copyFileRange, from.fd, null, toFd, null, rangeBytes, 0);
    if (copied === 0) return total;
    if (copied === -os.errno.EINTR) continue;
    if (copied < 0) {
      if (total > 0 || !cannotHere.has(-copied)) check(copied, 'copy_file_range');
      refused.add(`range ${pair}`);
    } else total += copied;
  }
  return total + copyThroughMemory(from.fd, toFd, checkGoOn);
}

const memory = Buffer.allocUnsafeSlow(256 * 1024);

function copyThroughMemory(fromFd: number, toFd: number, checkGoOn: () => void): number {
  let total = 0;
  for (;;) {
    checkGoOn();
    const size = readFd(fromFd, memory);
    if (size === -os.errno.EINTR) continue;
    if (check(size, 'read') === 0) return total;
    check(writeFully(toFd, memory.subarray(0, size)), 'write');
    total += size;
  }
}
