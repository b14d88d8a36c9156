import type { RemoteEntry } from '../../build/index.ts';

/** Bits of Go's os.FileMode above the nine of permissions. */
const bit = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  characterDevice: 2 ** 21,
  sticky: 2 ** 20,
  irregular: 2 ** 19,
} as const;

const has = (mode: number, flag: number) => Math.floor(mode / flag) % 2 === 1;

/** Undefined for a socket, or what Go has no name for: neither is part of a context. */
export function entryType(mode: number): RemoteEntry['type'] | undefined {
  if (has(mode, bit.directory)) return 'directory';
  if (has(mode, bit.symlink)) return 'symlink';
  if (has(mode, bit.characterDevice)) return 'character-device';
  if (has(mode, bit.device)) return 'block-device';
  if (has(mode, bit.fifo)) return 'fifo';
  if (has(mode, bit.socket) || has(mode, bit.irregular)) return undefined;
  return 'file';
}

/** Go's permission bits as those of a stat. */
export function permissionBits(mode: number): number {
  let bits = mode & 0o777;
  if (has(mode, bit.setuid)) bits |= 0o4000;
  if (has(mode, bit.setgid)) bits |= 0o2000;
  if (has(mode, bit.sticky)) bits |= 0o1000;
  return bits;
}

/** Go's mode of an entry; `mode` are permission bits. */
export function goFileMode(type: RemoteEntry['type'], mode: number): number {
  let bits = mode & 0o777;
  if (mode & 0o4000) bits += bit.setuid;
  if (mode & 0o2000) bits += bit.setgid;
  if (mode & 0o1000) bits += bit.sticky;
  switch (type) {
    case 'file':
      return bits;
    case 'directory':
      return bits + bit.directory;
    case 'symlink':
      return bits + bit.symlink;
    case 'fifo':
      return bits + bit.fifo;
    case 'character-device':
      return bits + bit.device + bit.characterDevice;
    case 'block-device':
      return bits + bit.device;
  }
}
