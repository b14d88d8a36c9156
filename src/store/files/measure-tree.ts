import { constants as fs, openSync } from 'node:fs';
import {
  check,
  closeFd,
  fileType,
  fileTypes,
  isDirectory,
  listDirectory,
  openAt,
  openDirectory,
  statAt,
} from '../../linux/index.ts';
import type { JobContext } from '../threads/job.ts';

/** Job: sum of the sizes of the files below a directory, in bytes; one with several names counts once. */
export function measureTree({ path }: { path: string }, context: JobContext): number {
  const seen = new Set<bigint>();
  function measure(directoryFd: number): number {
    let sizeBytes = 0;
    for (const name of listDirectory(directoryFd)) {
      context.checkCanceled();
      const stat = statAt(directoryFd, name);
      // What vanishes while it is measured has no size.
      if (typeof stat === 'number') continue;
      if (isDirectory(stat)) {
        const fd = openAt(directoryFd, name, openDirectory | fs.O_NOFOLLOW);
        if (fd < 0) continue;
        try {
          sizeBytes += measure(fd);
        } finally {
          closeFd(fd);
        }
      } else if (fileType(stat.mode) === fileTypes.file) {
        if (stat.links > 1 && seen.has(stat.inode)) continue;
        if (stat.links > 1) seen.add(stat.inode);
        sizeBytes += stat.sizeBytes;
      }
    }
    return sizeBytes;
  }
  const fd = check(openSync(path, openDirectory), 'open', path);
  try {
    return measure(fd);
  } finally {
    closeFd(fd);
  }
}
