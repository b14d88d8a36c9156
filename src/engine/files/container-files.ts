import { posix } from 'node:path';
import { type ByteStream, invalid } from '../../core/index.ts';
import {
  type FileStat,
  fileType,
  fileTypes,
  isDirectory,
  isSymlink,
  openDirectory,
  readlinkAt,
  systemError,
} from '../../linux/index.ts';
import type { Container } from '../containers/container.ts';
import type { ContainerFiles, PathStat } from '../containers/containers.ts';
import type { Events } from '../events/events.ts';
import { readTree } from './read-tree.ts';
import {
  couldNotFind,
  type OpenFile,
  openInside,
  openParent,
  openRoot,
  statOf,
} from './root-descriptor.ts';
import { writeTree } from './write-tree.ts';

export interface ContainerFilesOptions {
  readonly find: (ref: string) => Container;
  /** Mounts the container's root, or finds it mounted; dispose gives it back. */
  readonly openRoot: (container: Container) => Promise<{ rootPath: string } & AsyncDisposable>;
  /** The container's user by number, read inside its root. */
  readonly userOf: (container: Container, rootPath: string) => { uid: number; gid: number };
  readonly events: Pick<Events, 'publish'>;
}

/** A path taken apart: the root it lies in (the container's, or that of a mount) and the rest. */
interface Place extends AsyncDisposable {
  readonly root: OpenFile;
  readonly rootPath: string;
  readonly inner: string;
}

/** `docker cp` and `docker export`. */
export function createContainerFiles(options: ContainerFilesOptions): ContainerFiles {
  const { find, events } = options;

  async function open(container: Container, path: string): Promise<Place> {
    const absolute = posix.normalize(`/${path}`);
    const mount = container.mounts
      .filter(({ type, destination }) => type !== 'tmpfs' && isBelow(absolute, destination))
      .sort((a, b) => b.destination.length - a.destination.length)[0];
    if (mount !== undefined) {
      const root = openRoot(mount.source);
      const inner = `/${absolute.slice(mount.destination.length)}`;
      return {
        root,
        rootPath: mount.source,
        inner,
        [Symbol.asyncDispose]: async () => root[Symbol.dispose](),
      };
    }
    const opened = await options.openRoot(container);
    const root = openRoot(opened.rootPath);
    return {
      root,
      rootPath: opened.rootPath,
      inner: absolute,
      async [Symbol.asyncDispose]() {
        root[Symbol.dispose]();
        await opened[Symbol.asyncDispose]();
      },
    };
  }

  function tell(container: Container, action: string): void {
    const attributes = {
      image: container.config.Image,
      name: container.name,
      ...container.config.Labels,
    };
    events.publish({ type: 'container', action, actorId: container.id, attributes });
  }

  return {
    async stat(ref, path) {
      await using place = await open(find(ref), path);
      return statPath(place, path, ref);
    },

    async read(ref, path) {
      const container = find(ref);
      const place = await open(container, path);
      try {
        const stat = statPath(place, path, ref);
        tell(container, 'archive-path');
        return { stat, archive: readAndClose(place, path, ref) };
      } catch (error) {
        await place[Symbol.asyncDispose]();
        throw error;
      }
    },

    async write(ref, path, archive, { noOverwriteDirNonDir, copyUidGid }) {
      const container = find(ref);
      await using place = await open(container, path);
      using directory = openInside(place.root, place.inner);
      const stat = directory && statOf(directory);
      if (stat === undefined) throw couldNotFind(path, ref);
      if (!isDirectory(stat)) throw invalid('extraction point is not a directory');
      if (container.hostConfig.ReadonlyRootfs && place.inner === posix.normalize(`/${path}`)) {
        throw invalid('container rootfs is marked read-only');
      }
      const owner = copyUidGid ? options.userOf(container, place.rootPath) : undefined;
      await writeTree(place.root, place.inner, archive, { noOverwriteDirNonDir, owner });
      tell(container, 'extract-to-dir');
    },

    async export(ref) {
      const container = find(ref);
      const place = await open(container, '/');
      tell(container, 'export');
      return closing(place, readTree(place.root, '', ''));
    },
  };
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** A path that ends in `/` or `/.` is followed to its end; else its last link is itself meant. */
function isFollowed(path: string): boolean {
  return /(^|\/)\.?$/.test(path);
}

function statPath({ root, inner }: Place, path: string, ref: string): PathStat {
  if (isFollowed(path)) {
    using directory = openInside(root, inner, openDirectory);
    const stat = directory && statOf(directory);
    if (stat === undefined) throw couldNotFind(path, ref);
    return pathStat(posix.basename(inner) || '/', stat, '');
  }
  const found = openParent(root, inner);
  if (found === undefined) throw couldNotFind(path, ref);
  using parent = found.parent;
  const stat = statOf(parent, found.name);
  if (stat === undefined) throw couldNotFind(path, ref);
  const target = isSymlink(stat) ? readlinkAt(parent.fd, found.name) : '';
  if (typeof target === 'number') throw systemError(target, 'readlinkat', path);
  return pathStat(found.name, stat, target && posix.resolve(posix.dirname(inner), target));
}

/** Bits of Go's os.FileMode (package io/fs). */
const goModes: Readonly<Record<number, number>> = {
  [fileTypes.directory]: 2 ** 31,
  [fileTypes.symlink]: 2 ** 27,
  [fileTypes.blockDevice]: 2 ** 26,
  [fileTypes.fifo]: 2 ** 25,
  [fileTypes.socket]: 2 ** 24,
  [fileTypes.characterDevice]: 2 ** 26 + 2 ** 21,
};

function pathStat(name: string, stat: FileStat, linkTarget: string): PathStat {
  const special =
    (stat.mode & 0o4000 ? 2 ** 23 : 0) +
    (stat.mode & 0o2000 ? 2 ** 22 : 0) +
    (stat.mode & 0o1000 ? 2 ** 20 : 0);
  return {
    name,
    size: stat.sizeBytes,
    mode: (goModes[fileType(stat.mode)] ?? 0) + special + (stat.mode & 0o777),
    mtime: new Date(Number(stat.mtimeNs / 1_000_000n)).toISOString(),
    linkTarget,
  };
}

/** Docker names the archive's members by the path's last component; `x/.` stands for what is in x. */
async function* readAndClose(place: Place, path: string, ref: string): ByteStream {
  await using _closed = place;
  if (isFollowed(path)) {
    using directory = openInside(place.root, place.inner, openDirectory);
    if (directory === undefined) throw couldNotFind(path, ref);
    const base = posix.basename(place.inner);
    yield* readTree(directory, '.', base === '' || path.endsWith('/.') ? '.' : base);
    return;
  }
  const found = openParent(place.root, place.inner);
  if (found === undefined) throw couldNotFind(path, ref);
  using parent = found.parent;
  yield* readTree(parent, found.name, found.name);
}

async function* closing(place: Place, archive: ByteStream): ByteStream {
  await using _closed = place;
  yield* archive;
}
