import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { constants as os } from 'node:os';
import { invalid } from '../../core/index.ts';
import { check, closeFd, cwdFd, openAt, openInRoot, pathOnly } from '../../linux/index.ts';

/**
 * Reads a small regular file as a process of the container would see it: links cannot lead out of
 * `rootPath`. Undefined when it is missing or no regular file; throws `invalid` past the limit.
 */
export function readInsideRoot(
  rootPath: string,
  path: string,
  limitBytes: number,
): Buffer | undefined {
  const rootFd = check(openAt(cwdFd, rootPath, pathOnly | constants.O_DIRECTORY), 'open', rootPath);
  // Looked at before it is opened: a fifo or a device node would act on being opened.
  const placeFd = openInRoot(rootFd, path, pathOnly);
  closeFd(rootFd);
  if ([os.errno.ENOENT, os.errno.ENOTDIR, os.errno.ELOOP].includes(-placeFd)) return undefined;
  check(placeFd, 'openat2', path);
  try {
    const stats = fstatSync(placeFd);
    if (!stats.isFile()) return undefined;
    if (stats.size > limitBytes) {
      throw invalid(`read ${path}: ${stats.size} bytes are more than the allowed ${limitBytes}`);
    }
    return readThrough(placeFd, stats.size);
  } finally {
    closeFd(placeFd);
  }
}

function readThrough(placeFd: number, sizeBytes: number): Buffer {
  const fd = openSync(`/proc/self/fd/${placeFd}`, constants.O_RDONLY);
  try {
    const bytes = Buffer.alloc(sizeBytes);
    return bytes.subarray(0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}
