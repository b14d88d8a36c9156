import { constants as os } from 'node:os';
import { invalid } from '../../core/index.ts';
import { quoteMember } from '../../image/index.ts';
import { closeFd, openDirectory, openInRoot, systemError } from '../../linux/index.ts';

const { ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG } = os.errno;
const mostOpen = 16;

/**
 * Descriptors of the directories in use below a root, the last few kept open: archives and walks go
 * through a directory in one piece. Links on the way are followed inside the root only.
 */
export class OpenDirectories {
  readonly #rootFd: number;
  readonly #make: ((directory: string) => void) | undefined;
  readonly #open = new Map<string, number>();
  /** The last one asked for, spared the map. */
  #lastPath = '';
  #lastFd: number;

  /** `make` creates a directory whose parent is there; without it a missing one is an error. */
  constructor(rootFd: number, make?: (directory: string) => void) {
    this.#rootFd = rootFd;
    this.#make = make;
    this.#lastFd = rootFd;
  }

  /** Descriptor of the directory that holds `path`; valid until a few others were asked for. */
  parentOf(path: string): number {
    return this.open(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
  }

  /** Throws `invalid` where something else than a directory is in the way. */
  open(directory: string): number {
    if (directory === this.#lastPath) return this.#lastFd;
    if (directory === '') return this.#rootFd;
    const fd = this.#open.get(directory) ?? this.#openAnew(directory);
    this.#lastPath = directory;
    this.#lastFd = fd;
    return fd;
  }

  #openAnew(directory: string): number {
    let fd = openInRoot(this.#rootFd, directory, openDirectory);
    if ((fd === -ENOENT || fd === -ENOTDIR) && this.#make) {
      this.#make(directory);
      // Making it may have needed it open.
      const known = this.#open.get(directory);
      if (known !== undefined) return known;
      fd = openInRoot(this.#rootFd, directory, openDirectory);
    }
    if (fd >= 0) {
      this.#keep(directory, fd);
      return fd;
    }
    const cause = systemError(fd, 'openat2', directory);
    if (![ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG].includes(-fd)) throw cause;
    throw invalid(`open ${quoteMember(directory)}: it is no directory within the tree`, { cause });
  }

  #keep(directory: string, fd: number): void {
    if (this.#open.size >= mostOpen) {
      const [oldest, oldestFd] = this.#open.entries().next().value!;
      this.#open.delete(oldest);
      closeFd(oldestFd);
    }
    this.#open.set(directory, fd);
  }

  /** To be called when a directory was removed or replaced. */
  forget(): void {
    for (const fd of this.#open.values()) closeFd(fd);
    this.#open.clear();
    this.#lastPath = '';
    this.#lastFd = this.#rootFd;
  }

  close(): void {
    this.forget();
  }
}
