import { constants } from 'node:fs';
import { constants as os } from 'node:os';
import { nameBytes, nameText } from '../../core/index.ts';
import { call, declare } from '../libc.ts';

/**
 * File calls relative to an open directory, on this thread. Each gives its result, or minus the
 * errno: hand it to `check` where failure is unexpected. Names are those of core's `nameText` and hold
 * no NUL: C would cut there.
 * Descriptors belong to the caller, who closes them with `closeFd`.
 */
export const atFlags = { symlinkNoFollow: 0x100, emptyPath: 0x1000, removeDirectory: 0x200 };
export const cwdFd = -100;
const openPath = 0x200000;
const cloexec = 0x80000;
const resolve = { noMagicLinks: 0x02, noSymlinks: 0x04, beneath: 0x08, inRoot: 0x10 };
const openat2Number = 437;

const native = {
  openat: declare('int openat(int dir, const char *path, int flags, uint mode)'),
  openat2: declare('long syscall(long n, int dir, const char *path, void *how, size_t size)'),
  mkdirat: declare('int mkdirat(int dir, const char *path, uint mode)'),
  mknodat: declare('int mknodat(int dir, const char *path, uint mode, uint64_t dev)'),
  symlinkat: declare('int symlinkat(const char *target, int dir, const char *path)'),
  linkat: declare('int linkat(int a, const char *from, int b, const char *to, int flags)'),
  unlinkat: declare('int unlinkat(int dir, const char *path, int flags)'),
  renameat2: declare('int renameat2(int a, const char *from, int b, const char *to, uint f)'),
  fchownat: declare('int fchownat(int dir, const char *path, uint u, uint g, int flags)'),
  fchmodat: declare('int fchmodat(int dir, const char *path, uint mode, int flags)'),
  fchmod: declare('int fchmod(int fd, uint mode)'),
  fchown: declare('int fchown(int fd, uint u, uint g)'),
  utimensat: declare('int utimensat(int dir, const char *path, const void *times, int flags)'),
  futimens: declare('int futimens(int fd, const void *times)'),
  readlinkat: declare('int64_t readlinkat(int dir, const char *path, void *buffer, size_t size)'),
  read: declare('int64_t read(int fd, void *buffer, size_t size)'),
  write: declare('int64_t write(int fd, const void *buffer, size_t size)'),
  close: declare('int close(int fd)'),
  lseek: declare('int64_t lseek(int fd, int64_t offset, int whence)'),
  ftruncate: declare('int ftruncate(int fd, int64_t size)'),
};

/** A name as C takes it: a string is passed as UTF-8, other bytes go as they are. */
export function cName(name: string): string | Uint8Array {
  return name.isWellFormed() ? name : Buffer.concat([nameBytes(name), Buffer.of(0)]);
}

const how = new DataView(new ArrayBuffer(24));

/** As open(2) with O_CLOEXEC. */
export function openAt(dirFd: number, name: string, flags: number, mode = 0): number {
  return call(native.openat, dirFd, cName(name), flags | cloexec, mode);
}

/**
 * Opens `path` as a process would whose root is `rootFd`: absolute links and `..` end at that root
 * (openat2, RESOLVE_IN_ROOT). Magic links such as /proc/self/fd are refused with ELOOP.
 */
export function openInRoot(rootFd: number, path: string, flags: number, mode = 0): number {
  return openat2(rootFd, path, flags, mode, resolve.inRoot | resolve.noMagicLinks);
}

/** Opens `path` below `rootFd` and follows no symlink at all (ELOOP); `..` may not leave (EXDEV). */
export function openBeneath(rootFd: number, path: string, flags: number, mode = 0): number {
  return openat2(rootFd, path, flags, mode, resolve.beneath | resolve.noSymlinks);
}

function openat2(dirFd: number, path: string, flags: number, mode: number, rules: number): number {
  how.setBigUint64(0, BigInt(flags | cloexec), true);
  how.setBigUint64(8, BigInt(mode), true);
  how.setBigUint64(16, BigInt(rules), true);
  return call(
    native.openat2,
    openat2Number,
    dirFd,
    path === '' ? '.' : cName(path),
    how.buffer,
    24,
  );
}

/** Flags to open a directory for reading, or (`pathOnly`) only as a place to start from. */
export const openDirectory = constants.O_RDONLY | constants.O_DIRECTORY;
export const pathOnly = openPath;

export function mkdirAt(dirFd: number, name: string, mode: number): number {
  return call(native.mkdirat, dirFd, cName(name), mode);
}

/** `mode` holds type and permissions (S_IFCHR | 0o600); fifos and sockets ignore the numbers. */
export function mknodAt(dirFd: number, name: string, mode: number, major = 0, minor = 0): number {
  return call(native.mknodat, dirFd, cName(name), mode, deviceNumber(major, minor));
}

/** The dev_t of Linux and glibc. */
export function deviceNumber(major: number, minor: number): bigint {
  const [a, b] = [BigInt(major), BigInt(minor)];
  return (
    (b & 0xffn) | ((a & 0xfffn) << 8n) | ((b & 0xffffff00n) << 12n) | ((a & 0xfffff000n) << 32n)
  );
}

export function symlinkAt(target: string, dirFd: number, name: string): number {
  return call(native.symlinkat, cName(target), dirFd, cName(name));
}

/** A hard link; a symlink as source is itself linked, never followed. */
export function linkAt(fromFd: number, from: string, toFd: number, to: string): number {
  return call(native.linkat, fromFd, cName(from), toFd, cName(to), 0);
}

export function unlinkAt(dirFd: number, name: string): number {
  return call(native.unlinkat, dirFd, cName(name), 0);
}

export function rmdirAt(dirFd: number, name: string): number {
  return call(native.unlinkat, dirFd, cName(name), atFlags.removeDirectory);
}

/** renameat2(2): `exchange` swaps both names at once, `noReplace` fails with EEXIST. */
export function renameAt(
  from: { fd: number; name: string },
  to: { fd: number; name: string },
  how: 'replace' | 'noReplace' | 'exchange' = 'replace',
): number {
  const flags = { replace: 0, noReplace: 1, exchange: 2 }[how];
  return call(native.renameat2, from.fd, cName(from.name), to.fd, cName(to.name), flags);
}

/** Never follows a symlink. */
export function chownAt(dirFd: number, name: string, uid: number, gid: number): number {
  return call(native.fchownat, dirFd, cName(name), uid, gid, atFlags.symlinkNoFollow);
}

/** Follows a symlink (the kernel knows no other way): only for names known to be none. */
export function chmodAt(dirFd: number, name: string, mode: number): number {
  return call(native.fchmodat, dirFd, cName(name), mode, 0);
}

export function fchmod(fd: number, mode: number): number {
  return call(native.fchmod, fd, mode);
}

export function fchown(fd: number, uid: number, gid: number): number {
  return call(native.fchown, fd, uid, gid);
}

const times = new BigInt64Array(4);

/** Sets both times, of a symlink itself where it is one. */
export function utimesAt(dirFd: number, name: string, mtimeNs: bigint): number {
  return call(native.utimensat, dirFd, cName(name), timesOf(mtimeNs), atFlags.symlinkNoFollow);
}

export function futimes(fd: number, mtimeNs: bigint): number {
  return call(native.futimens, fd, timesOf(mtimeNs));
}

function timesOf(mtimeNs: bigint): ArrayBuffer {
  const nanoseconds = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  times[0] = times[2] = (mtimeNs - nanoseconds) / 1_000_000_000n;
  times[1] = times[3] = nanoseconds;
  return times.buffer;
}

const linkBuffer = Buffer.allocUnsafeSlow(4096);

/** The target of a symlink, or minus the errno. */
export function readlinkAt(dirFd: number, name: string): string | number {
  const size = call(native.readlinkat, dirFd, cName(name), linkBuffer, linkBuffer.length);
  return size < 0 ? size : nameText(linkBuffer, 0, size);
}

export function readFd(fd: number, buffer: Uint8Array): number {
  return call(native.read, fd, buffer, buffer.length);
}

/** Writes all of it; gives 0, or minus the errno. */
export function writeFully(fd: number, bytes: Uint8Array): number {
  let rest = bytes;
  while (rest.length > 0) {
    const written = call(native.write, fd, rest, rest.length);
    if (written === -os.errno.EINTR) continue;
    if (written < 0) return written;
    rest = rest.subarray(written);
  }
  return 0;
}

/** Leaves a hole of that size at the file's position; gives the new position. */
export function skipHole(fd: number, sizeBytes: number): number {
  return call(native.lseek, fd, sizeBytes, 1);
}

/** Goes back to the beginning of a file or directory. */
export function rewind(fd: number): void {
  call(native.lseek, fd, 0, 0);
}

/** Cuts the file, or extends it with a hole. */
export function truncateFd(fd: number, sizeBytes: number): number {
  return call(native.ftruncate, fd, sizeBytes);
}

export function closeFd(fd: number): void {
  call(native.close, fd);
}
