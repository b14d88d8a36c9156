import { constants as fs, openSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import {
  check,
  closeFd,
  type FileStat,
  fchmod,
  fchown,
  futimes,
  isDirectory,
  openBeneath,
  openDirectory,
} from '../../linux/index.ts';
import { noXattrs, readXattrsOf, writeFdXattrs, type Xattrs } from '../files/layer-xattrs.ts';
import { type LayerStack, layerStack } from './layer-stack.ts';

const beforeYielding = 100;
/** What a directory is like that no layer describes: the same on every machine. */
const plain = { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n };

/**
 * Gives the directories an archive used but did not name the attributes of those in the stack the
 * layer lands on, for the topmost layer's are what the mount shows.
 */
export async function dressImplied(
  layerPath: string,
  implied: readonly string[],
  lowerPaths: readonly string[],
): Promise<void> {
  const stack = layerStack(lowerPaths);
  const layerFd = openSync(layerPath, openDirectory | fs.O_NOFOLLOW);
  try {
    let done = 0;
    // The longest first, as dressing sets the time that making what is in it has changed.
    for (const directory of [...implied].sort((a, b) => b.length - a.length)) {
      if (++done % beforeYielding === 0) await setImmediate();
      dressLike(layerFd, directory, stack);
    }
  } finally {
    closeFd(layerFd);
  }
}

/** Gives the root directory of a new layer the attributes of the stack's. */
export function dressRoot(layerPath: string, lowerPaths: readonly string[]): void {
  const layerFd = openSync(layerPath, openDirectory | fs.O_NOFOLLOW);
  try {
    dressLike(layerFd, '', layerStack(lowerPaths));
  } finally {
    closeFd(layerFd);
  }
}

/** Whether a layer's root differs from that of its stack in more than its time. */
export function changesRoot(layerPath: string, lowerPaths: readonly string[]): boolean {
  const root = statSync(layerPath);
  const below: Pick<FileStat, 'mode' | 'uid' | 'gid'> =
    layerStack(lowerPaths).lookup('')?.stat ?? plain;
  const { mode, uid, gid } = below;
  return (root.mode & 0o7777) !== (mode & 0o7777) || root.uid !== uid || root.gid !== gid;
}

function dressLike(layerFd: number, directory: string, stack: LayerStack): void {
  // The layer is hostile: a link on the way would lead out of it. Such a directory stays as it is.
  const fd = openBeneath(layerFd, directory, openDirectory);
  if (fd < 0) return;
  try {
    const found = stack.lookup(directory);
    if (!found || !isDirectory(found.stat)) dressFd(fd, plain, noXattrs);
    else dressFd(fd, found.stat, readXattrsOf(`${found.layerPath}/${directory}`));
  } finally {
    closeFd(fd);
  }
}

/** Gives an open directory these attributes. */
export function dressFd(
  fd: number,
  { mode, uid, gid, mtimeNs }: Pick<FileStat, 'mode' | 'uid' | 'gid' | 'mtimeNs'>,
  xattrs: Xattrs,
): void {
  check(fchown(fd, uid, gid), 'fchown');
  check(fchmod(fd, mode & 0o7777), 'fchmod');
  writeFdXattrs(fd, xattrs);
  check(futimes(fd, mtimeNs), 'futimens');
}
