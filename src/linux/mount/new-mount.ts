import { readSync } from 'node:fs';
import { closeFd, cwdFd } from '../files/at.ts';
import { call, callElsewhere, check, declare, systemError } from '../libc.ts';

/**
 * The file-descriptor mount calls (fsopen, fsconfig, fsmount, move_mount, open_tree, mount_setattr;
 * Linux 5.2 and later). Their numbers are the same on every architecture.
 */
const numbers = {
  openTree: 428,
  moveMount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  mountSetattr: 442,
};
const cloexec = 0x80000;
const openTreeClone = 1;
const recursive = 0x8000;
const emptyPath = 0x1000;
const moveFromEmptyPath = 4;
const configCommand = { flag: 0, string: 1, fd: 5, create: 6 };

const native = {
  openTree: declare('long syscall(long n, int dir, const char *path, uint flags)'),
  moveMount: declare(
    'long syscall(long n, int fromDir, const char *from, int toDir, const char *to, uint flags)',
  ),
  fsopen: declare('long syscall(long n, const char *type, uint flags)'),
  fsconfig: declare(
    'long syscall(long n, int fd, uint command, const char *key, const char *value, int aux)',
  ),
  fsmount: declare('long syscall(long n, int fd, uint flags, uint attributes)'),
  mountSetattr: declare(
    'long syscall(long n, int dir, const char *path, uint flags, void *attributes, size_t size)',
  ),
};

/** MOUNT_ATTR_… of linux/mount.h. */
export const mountAttributes = { readOnly: 1, noSuid: 2, noDev: 4, noExec: 8 } as const;
/** MS_… values that mount_setattr takes as propagation. */
export const propagations = { private: 1 << 18, slave: 1 << 19, shared: 1 << 20 } as const;
export type Propagation = keyof typeof propagations;

export interface MountParameter {
  readonly key: string;
  /** Absent: a flag. Over 255 bytes only where the filesystem takes descriptors instead. */
  readonly value?: string;
  /** Descriptor of a directory in place of its path. */
  readonly fd?: number;
}

/**
 * Makes a filesystem and mounts it at `target`, all of it or nothing. Throws as Node's fs does, the
 * kernel's own words in the message; ENOSYS where these calls are missing.
 */
export async function mountNew(
  type: string,
  parameters: readonly MountParameter[],
  { target, attributes = 0 }: { target: string; attributes?: number },
): Promise<void> {
  const contextFd = check(call(native.fsopen, numbers.fsopen, type, 1), 'fsopen', type);
  try {
    for (const { key, value, fd } of parameters) {
      const command =
        fd !== undefined ? 'fd' : value === undefined ? ('flag' as const) : ('string' as const);
      const result = configure(contextFd, command, key, value ?? null, fd ?? 0);
      if (result < 0) throw explain(contextFd, result, `fsconfig ${key}`, value ?? type);
    }
    // Making the superblock is the one step that may wait on a disk.
    const args = [numbers.fsconfig, contextFd, configCommand.create, null, null, 0];
    const created = await callElsewhere(native.fsconfig, ...args);
    if (created < 0) throw explain(contextFd, created, 'fsconfig create', target);
    const mountFd = call(native.fsmount, numbers.fsmount, contextFd, 1, attributes);
    attach(check(mountFd, 'fsmount', target), target);
  } finally {
    closeFd(contextFd);
  }
}

function configure(
  fd: number,
  command: 'flag' | 'string' | 'fd',
  key: string,
  value: string | null,
  aux: number,
): number {
  return call(native.fsconfig, numbers.fsconfig, fd, configCommand[command], key, value, aux);
}

/** The context's log holds lines such as "e overlay: …"; reading takes one at a time. */
function explain(contextFd: number, result: number, syscall: string, path: string): Error {
  const lines: string[] = [];
  const buffer = Buffer.alloc(1024);
  try {
    for (;;) {
      const size = readSync(contextFd, buffer);
      if (size === 0) break;
      lines.push(buffer.toString('utf8', 0, size).trim());
    }
  } catch {
    // ENODATA: no line left.
  }
  const error = systemError(result, syscall, path);
  if (lines.length > 0) error.message += ` (${lines.join('; ')})`;
  return error;
}

function attach(mountFd: number, target: string): void {
  try {
    const args = [numbers.moveMount, mountFd, '', cwdFd, target, moveFromEmptyPath];
    check(call(native.moveMount, ...args), 'move_mount', target);
  } finally {
    closeFd(mountFd);
  }
}

export interface BindOptions {
  /** Take the mounts below `source` along. */
  readonly recursive?: boolean;
  /** Read-only, in every mount of a recursive bind. */
  readonly readOnly?: boolean;
  /** Default private. */
  readonly propagation?: Propagation;
}

/**
 * Binds the file or directory `source` to the existing `target` of the same kind: attributes are set
 * before it appears, so nobody ever sees it writable. Throws as Node's fs does, ENOSYS on old kernels.
 */
export function bindMount(source: string, target: string, options: BindOptions = {}): void {
  const deep = options.recursive ? recursive : 0;
  const flags = openTreeClone | cloexec | deep;
  const treeFd = check(
    call(native.openTree, numbers.openTree, cwdFd, source, flags),
    'open_tree',
    source,
  );
  try {
    const attributes = new BigUint64Array(4);
    attributes[0] = BigInt(options.readOnly ? mountAttributes.readOnly : 0);
    attributes[2] = BigInt(propagations[options.propagation ?? 'private']);
    const args = [numbers.mountSetattr, treeFd, '', emptyPath | deep, attributes.buffer, 32];
    check(call(native.mountSetattr, ...args), 'mount_setattr', source);
  } catch (error) {
    closeFd(treeFd);
    throw error;
  }
  attach(treeFd, target);
}
