import { openSync } from 'node:fs';
import { closeFd, listDirectory, openDirectory } from '../../linux/index.ts';
import type { JobContext } from '../threads/job.ts';
import { removeTreeAt } from './remove-tree.ts';

/** Job: removes all that a folder holds; the folder stays. */
export function emptyFolder({ path }: { path: string }, context: JobContext): void {
  const fd = openSync(path, openDirectory);
  try {
    for (const name of listDirectory(fd)) {
      context.checkCanceled();
      removeTreeAt(fd, name);
    }
  } finally {
    closeFd(fd);
  }
}
