import { basename, dirname } from 'node:path';
import { check, closeFd, cwdFd, openAt, openDirectory } from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import { removeTreeAt } from './remove-tree.ts';

/** Job: removes a folder with all below it; idempotent. */
export function removeFolder({ path }: { path: string }): void {
  const parentFd = check(openAt(cwdFd, dirname(path), openDirectory), 'openat', dirname(path));
  try {
    removeTreeAt(parentFd, basename(path));
  } catch (error) {
    throw diskError(`remove ${path}`, error);
  } finally {
    closeFd(parentFd);
  }
}
