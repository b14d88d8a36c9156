import {
  check,
  closeFd,
  cwdFd,
  isDirectory,
  linkAt,
  listDirectory,
  mkdirAt,
  openAt,
  openDirectory,
} from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import { readXattrsOf } from '../files/layer-xattrs.ts';
import type { JobContext } from '../threads/job.ts';
import { dressFd } from './dress-implied.ts';
import { type LayerStack, layerStack } from './layer-stack.ts';

export interface FlattenLayersInput {
  /** The topmost first. */
  readonly layers: readonly string[];
  /** Is made, on the same filesystem. */
  readonly directory: string;
}

/** Job: makes one directory that shows what a stack of layers shows, files as hard links to theirs. */
export function flattenLayers(
  { layers, directory }: FlattenLayersInput,
  context: JobContext,
): void {
  const stack = layerStack(layers);
  try {
    check(mkdirAt(cwdFd, directory, 0o755), 'mkdirat', directory);
    flattenInto(directory, '', stack, context);
  } catch (error) {
    throw diskError('flatten layers', error);
  }
}

function flattenInto(target: string, path: string, stack: LayerStack, context: JobContext): void {
  const contributing = stack.layersOf(path);
  const names = new Set(contributing.flatMap((layer) => namesIn(`${layer}/${path}`)));
  for (const name of names) {
    context.checkCanceled();
    const inner = path === '' ? name : `${path}/${name}`;
    const found = stack.lookup(inner);
    if (!found) continue;
    if (isDirectory(found.stat)) {
      check(mkdirAt(cwdFd, `${target}/${inner}`, 0o755), 'mkdirat', inner);
      flattenInto(target, inner, stack, context);
    } else {
      const source = `${found.layerPath}/${inner}`;
      check(linkAt(cwdFd, source, cwdFd, `${target}/${inner}`), 'linkat', inner);
    }
  }
  dressLast(target, path, stack);
}

/** After what is in it, which changes its time. */
function dressLast(target: string, path: string, stack: LayerStack): void {
  const found = stack.lookup(path);
  if (!found) return;
  const fd = check(openAt(cwdFd, `${target}/${path}`, openDirectory), 'openat', path);
  try {
    dressFd(fd, found.stat, readXattrsOf(`${found.layerPath}/${path}`));
  } finally {
    closeFd(fd);
  }
}

function namesIn(path: string): string[] {
  const fd = check(openAt(cwdFd, path, openDirectory), 'openat', path);
  try {
    return listDirectory(fd);
  } finally {
    closeFd(fd);
  }
}
