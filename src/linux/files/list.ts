import { nameText } from '../../core/index.ts';
import { call, check, declare } from '../libc.ts';
import { rewind } from './at.ts';

const getdents = declare('long syscall(long n, int fd, void *buffer, size_t size)');
/** getdents64: asm-generic (arm64, riscv64), and x86-64's own. */
const getdentsNumber = process.arch === 'x64' ? 217 : 61;
const buffer = Buffer.allocUnsafeSlow(64 * 1024);
const nameOffset = 19;

/** Names in the open directory, `.` and `..` left out, sorted by code unit. Throws as Node's fs does. */
export function listDirectory(fd: number): string[] {
  const names: string[] = [];
  rewind(fd);
  for (;;) {
    const size = check(call(getdents, getdentsNumber, fd, buffer, buffer.length), 'getdents64');
    if (size === 0) return names.sort();
    for (let at = 0; at < size; at += buffer.readUInt16LE(at + 16)) {
      const name = nameText(buffer, at + nameOffset, buffer.indexOf(0, at + nameOffset));
      if (name !== '.' && name !== '..') names.push(name);
    }
  }
}
