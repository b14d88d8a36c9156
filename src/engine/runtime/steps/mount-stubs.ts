import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  check,
  closeFd,
  cwdFd,
  isDirectory,
  openAt,
  openInRoot,
  pathOnly,
  rmdirAt,
  statAt,
  unlinkAt,
  utimesAt,
} from '../../../linux/index.ts';

/**
 * A runtime makes the files and folders it mounts on where the root lacks them, and leaves them
 * there. This notes which are missing; the function given back takes away those that are still
 * empty and sets back the times of the folders that held them, so that a layer shows no trace.
 */
export function noteMountStubs(rootPath: string, targets: readonly string[]): () => void {
  const missing = new Set<string>();
  const holders = new Map<string, bigint>();
  withRoot(rootPath, (rootFd) => {
    for (const target of targets) {
      const parts = target.split('/').filter(Boolean);
      const paths = parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
      const firstMissing = paths.findIndex((path) => statInRoot(rootFd, path) === undefined);
      if (firstMissing < 0) continue;
      for (const path of paths.slice(firstMissing)) missing.add(path);
      const holder = dirname(paths[firstMissing]!);
      const stat = statInRoot(rootFd, holder);
      if (stat) holders.set(holder, stat.mtimeNs);
    }
  });
  return () =>
    withRoot(rootPath, (rootFd) => {
      for (const path of [...missing].sort().reverse()) removeStub(rootFd, path);
      for (const [path, mtimeNs] of holders) {
        inParent(rootFd, path, (parentFd, name) => utimesAt(parentFd, name, mtimeNs));
      }
    });
}

function removeStub(rootFd: number, path: string): void {
  inParent(rootFd, path, (parentFd, name) => {
    const stat = statAt(parentFd, name);
    if (typeof stat === 'number') return;
    // What a step put in place of a stub is the step's own.
    if (isDirectory(stat)) rmdirAt(parentFd, name);
    else if (stat.sizeBytes === 0 && stat.links === 1) unlinkAt(parentFd, name);
  });
}

function inParent(
  rootFd: number,
  path: string,
  act: (parentFd: number, name: string) => void,
): void {
  if (path === '/') {
    act(rootFd, '.');
    return;
  }
  const parentFd = openInRoot(rootFd, dirname(path), pathOnly | constants.O_DIRECTORY);
  if (parentFd < 0) return;
  try {
    act(parentFd, basename(path));
  } finally {
    closeFd(parentFd);
  }
}

function statInRoot(rootFd: number, path: string) {
  const fd = openInRoot(rootFd, join('/', path), pathOnly);
  if (fd < 0) return undefined;
  try {
    const stat = statAt(fd, '');
    return typeof stat === 'number' ? undefined : stat;
  } finally {
    closeFd(fd);
  }
}

function withRoot(rootPath: string, act: (rootFd: number) => void): void {
  const rootFd = check(openAt(cwdFd, rootPath, pathOnly | constants.O_DIRECTORY), 'open', rootPath);
  try {
    act(rootFd);
  } finally {
    closeFd(rootFd);
  }
}
