import {
  check,
  isDirectory,
  listDirectory,
  openDirectory,
  rmdirAt,
  unlinkAt,
} from '../../linux/index.ts';
import { type OpenFile, openName, statOf } from './root-descriptor.ts';

/** Removes all that is in a directory of an open one; the directory stays. Follows no link. */
export function removeTree(parent: OpenFile, name: string): void {
  using directory = openName(parent, name, openDirectory);
  for (const child of listDirectory(directory.fd)) {
    const stat = statOf(directory, child);
    if (stat === undefined) continue;
    if (!isDirectory(stat)) {
      check(unlinkAt(directory.fd, child), 'unlink', child);
      continue;
    }
    removeTree(directory, child);
    check(rmdirAt(directory.fd, child), 'rmdir', child);
  }
}
