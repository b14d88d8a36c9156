import { constants as os } from 'node:os';
import { call, check, declare } from '../libc.ts';
import { cName } from './at.ts';

/**
 * Extended attributes of a path itself: none of these follows a symlink. They throw errors shaped
 * as Node's (ENOTSUP where the filesystem keeps none of that namespace).
 */
const native = {
  get: declare('int64_t lgetxattr(const char *path, const char *name, void *value, size_t size)'),
  set: declare(
    'int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)',
  ),
  fget: declare('int64_t fgetxattr(int fd, const char *name, void *value, size_t size)'),
  fset: declare(
    'int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)',
  ),
  list: declare('int64_t llistxattr(const char *path, void *names, size_t size)'),
  flist: declare('int64_t flistxattr(int fd, void *names, size_t size)'),
  remove: declare('int lremovexattr(const char *path, const char *name)'),
};

/** XATTR_SIZE_MAX and XATTR_LIST_MAX of linux/limits.h. */
const buffer = Buffer.allocUnsafeSlow(65536);

/** The value, or undefined when there is no such attribute. */
export function getXattr(path: string, name: string): Buffer | undefined {
  return valueFrom(call(native.get, cName(path), name, buffer, buffer.length), path);
}

function valueFrom(size: number, path: string): Buffer | undefined {
  if (size === -os.errno.ENODATA || size === -os.errno.ENOTSUP) return undefined;
  check(size, 'lgetxattr', path);
  return Buffer.from(buffer.subarray(0, size));
}

/** As `getXattr`, of an open file. */
export function getFdXattr(fd: number, name: string): Buffer | undefined {
  return valueFrom(call(native.fget, fd, name, buffer, buffer.length), `fd ${fd}`);
}

/** Creates or replaces. */
export function setXattr(path: string, name: string, value: Uint8Array): void {
  check(call(native.set, cName(path), name, value, value.length, 0), 'lsetxattr', path);
}

/** As `setXattr`, on an open file; gives minus the errno on failure. */
export function setFdXattr(fd: number, name: string, value: Uint8Array): number {
  return call(native.fset, fd, name, value, value.length, 0);
}

/** Names, sorted by code unit; none where the filesystem keeps no attributes. */
export function listXattrs(path: string): string[] {
  return namesFrom(call(native.list, cName(path), buffer, buffer.length), path);
}

export function listFdXattrs(fd: number): string[] {
  return namesFrom(call(native.flist, fd, buffer, buffer.length), `fd ${fd}`);
}

function namesFrom(size: number, path: string): string[] {
  if (size === 0 || size === -os.errno.ENOTSUP) return [];
  check(size, 'llistxattr', path);
  return buffer
    .toString('utf8', 0, size - 1)
    .split('\0')
    .sort();
}

/** Idempotent: gives whether the attribute was there. */
export function removeXattr(path: string, name: string): boolean {
  const result = call(native.remove, cName(path), name);
  if (result === -os.errno.ENODATA) return false;
  check(result, 'lremovexattr', path);
  return true;
}
