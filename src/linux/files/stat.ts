import { call, declare } from '../libc.ts';
import { atFlags, cName } from './at.ts';

/** What statx(2) tells of one file. Sizes in bytes, times in nanoseconds. */
export interface FileStat {
  /** Type and permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly links: number;
  readonly inode: bigint;
  /** Of the filesystem it lies on; equal for two files of one filesystem. */
  readonly deviceId: number;
  /** Of the device it is, for device nodes. */
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

const statx = declare('int statx(int dir, const char *path, int flags, uint mask, void *buffer)');
const basicStats = 0x7ff;
const buffer = new ArrayBuffer(256);
const view = new DataView(buffer);

/** Stats `name` itself, never a symlink's target; `''` is the open file. Minus the errno on failure. */
export function statAt(dirFd: number, name: string): FileStat | number {
  const flags = atFlags.symlinkNoFollow | (name === '' ? atFlags.emptyPath : 0);
  const result = call(statx, dirFd, cName(name), flags, basicStats, buffer);
  return result < 0 ? result : decode();
}

/** Layout of struct statx, linux/stat.h. */
function decode(): FileStat {
  return {
    links: view.getUint32(16, true),
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    mode: view.getUint16(28, true),
    inode: view.getBigUint64(32, true),
    sizeBytes: view.getUint32(40, true) + view.getUint32(44, true) * 2 ** 32,
    mtimeNs: view.getBigInt64(112, true) * 1_000_000_000n + BigInt(view.getUint32(120, true)),
    deviceMajor: view.getUint32(128, true),
    deviceMinor: view.getUint32(132, true),
    deviceId: view.getUint32(136, true) * 2 ** 20 + view.getUint32(140, true),
  };
}

const typeMask = 0o170000;
export const fileTypes = {
  fifo: 0o010000,
  characterDevice: 0o020000,
  directory: 0o040000,
  blockDevice: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
} as const;

/** The S_IF… bits alone. */
export function fileType(mode: number): number {
  return mode & typeMask;
}

export const isDirectory = (stat: FileStat): boolean => fileType(stat.mode) === fileTypes.directory;

export const isSymlink = (stat: FileStat): boolean => fileType(stat.mode) === fileTypes.symlink;

/** The mark overlayfs reads as "deleted here": a character device 0/0. */
export const isWhiteout = (stat: FileStat): boolean =>
  fileType(stat.mode) === fileTypes.characterDevice &&
  stat.deviceMajor === 0 &&
  stat.deviceMinor === 0;
