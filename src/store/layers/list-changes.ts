import { constants as fs, openSync } from 'node:fs';
import {
  check,
  closeFd,
  type FileStat,
  isDirectory,
  isWhiteout,
  listDirectory,
  openAt,
  openDirectory,
  statAt,
  systemError,
} from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import type { Change } from '../snapshots/snapshots.ts';
import type { JobContext } from '../threads/job.ts';
import { type LayerStack, layerStack } from './layer-stack.ts';

export interface ListChangesInput {
  readonly upperPath: string;
  /** Layers below, the topmost first. */
  readonly layers: readonly string[];
}

/**
 * Job: what an upper directory adds, changes and deletes, sorted by path. As `docker diff` tells it:
 * a directory is changed when its own attributes are, or when something in it came or went.
 */
export function listChanges(
  { upperPath, layers }: ListChangesInput,
  context: JobContext,
): Change[] {
  const changes = new Map<string, Change>();
  const fd = openSync(upperPath, openDirectory);
  try {
    compare(fd, '', { changes, lower: layerStack(layers), context });
  } catch (error) {
    throw diskError('list changes', error);
  } finally {
    closeFd(fd);
  }
  return [...changes.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

interface Comparison {
  readonly changes: Map<string, Change>;
  readonly lower: LayerStack;
  readonly context: JobContext;
}

function compare(directoryFd: number, directory: string, comparison: Comparison): void {
  const { changes, lower, context } = comparison;
  for (const name of listDirectory(directoryFd)) {
    context.checkCanceled();
    const path = directory === '' ? name : `${directory}/${name}`;
    const stat = statAt(directoryFd, name);
    if (typeof stat === 'number') throw systemError(stat, 'statx', path);
    const kind = kindOf(stat, lower.lookup(path)?.stat);
    if (kind) changes.set(path, { path: `/${path}`, kind });
    if ((kind === 'added' || kind === 'deleted') && directory !== '' && !changes.has(directory)) {
      changes.set(directory, { path: `/${directory}`, kind: 'modified' });
    }
    if (!isDirectory(stat)) continue;
    const fd = check(openAt(directoryFd, name, openDirectory | fs.O_NOFOLLOW), 'openat', path);
    try {
      compare(fd, path, comparison);
    } finally {
      closeFd(fd);
    }
  }
}

function kindOf(upper: FileStat, lower: FileStat | undefined): Change['kind'] | undefined {
  if (isWhiteout(upper)) return 'deleted';
  if (!lower) return 'added';
  const isSame =
    isDirectory(upper) &&
    isDirectory(lower) &&
    upper.mode === lower.mode &&
    upper.uid === lower.uid &&
    upper.gid === lower.gid &&
    upper.mtimeNs === lower.mtimeNs;
  return isSame ? undefined : 'modified';
}
