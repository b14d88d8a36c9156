import { constants as fs } from 'node:fs';
import { constants as os } from 'node:os';
import {
  check,
  closeFd,
  listDirectory,
  openAt,
  openDirectory,
  renameAt,
  rmdirAt,
  unlinkAt,
} from '../../linux/index.ts';

const { EEXIST, EISDIR, ENOENT } = os.errno;
const openDirectoryItself = openDirectory | fs.O_NOFOLLOW;

/**
 * Removes `name` and all below it, on this thread; idempotent. Needs two open descriptors and no
 * stack, however deep the tree is: deeper directories are moved up before they are emptied. Throws
 * as Node's fs does, EBUSY at a mount point, which it never enters.
 */
export function removeTreeAt(parentFd: number, name: string): void {
  const removed = unlinkAt(parentFd, name);
  if (removed === 0 || removed === -ENOENT) return;
  if (removed !== -EISDIR) check(removed, 'unlinkat', name);
  const fd = check(openAt(parentFd, name, openDirectoryItself), 'openat', name);
  try {
    emptyDirectory(fd);
  } finally {
    closeFd(fd);
  }
  check(rmdirAt(parentFd, name), 'unlinkat', name);
}

/** Removes all that an open directory holds, as `removeTreeAt` does. */
export function emptyDirectory(fd: number): void {
  let moved = 0;
  for (let names = listDirectory(fd); names.length > 0; names = listDirectory(fd)) {
    for (const name of names) {
      if (!isDirectoryLeft(unlinkAt(fd, name), name)) continue;
      const childFd = check(openAt(fd, name, openDirectoryItself), 'openat', name);
      try {
        for (const inner of listDirectory(childFd)) {
          if (isDirectoryLeft(unlinkAt(childFd, inner), inner))
            moved = moveUp(childFd, inner, fd, moved);
        }
      } finally {
        closeFd(childFd);
      }
      check(rmdirAt(fd, name), 'unlinkat', name);
    }
  }
}

function isDirectoryLeft(unlinked: number, name: string): boolean {
  if (unlinked === -EISDIR) return true;
  check(unlinked === -ENOENT ? 0 : unlinked, 'unlinkat', name);
  return false;
}

/** Moves a directory under the first free number from `after` on; gives the number it got. */
function moveUp(fromFd: number, name: string, toFd: number, after: number): number {
  for (let number = after + 1; ; number++) {
    const to = { fd: toFd, name: `.berth-removed-${number}` };
    const result = renameAt({ fd: fromFd, name }, to, 'noReplace');
    if (result === -EEXIST) continue;
    check(result, 'renameat2', name);
    return number;
  }
}
