import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errnoCode } from '../../../core/index.ts';

const newline = 0x0a;
const blockBytes = 64 * 1024;

/** One file of a log, open: it stays readable when rotation renames or removes it. */
export interface LogFile extends AsyncDisposable {
  readonly inode: number;
  sizeBytes(): Promise<number>;
  /** Fewer bytes than asked for only at the end. */
  read(offset: number, lengthBytes: number): Promise<Buffer>;
}

/** Opens a file of a log, also one compressed after its rotation; undefined when it is not there. */
export async function openLogFile(path: string): Promise<LogFile | undefined> {
  const plain = await openIfThere(path);
  if (plain) return plainFile(plain);
  const compressed = await openIfThere(`${path}.gz`);
  if (!compressed) return undefined;
  try {
    const { ino } = await compressed.stat();
    return inMemory(ino, await promisify(gunzip)(await compressed.readFile()));
  } finally {
    await compressed.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function plainFile(handle: FileHandle): Promise<LogFile> {
  const { ino } = await handle.stat();
  return {
    inode: ino,
    sizeBytes: async () => (await handle.stat()).size,
    async read(offset, lengthBytes) {
      const buffer = Buffer.allocUnsafe(lengthBytes);
      const { bytesRead } = await handle.read(buffer, 0, lengthBytes, offset);
      return buffer.subarray(0, bytesRead);
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** A rotated file has at most the log's size limit. */
function inMemory(inode: number, bytes: Buffer): LogFile {
  return {
    inode,
    sizeBytes: async () => bytes.length,
    read: async (offset, lengthBytes) => bytes.subarray(offset, offset + lengthBytes),
    [Symbol.asyncDispose]: async () => {},
  };
}

/**
 * Where the last `lines` lines begin, read block by block from the end, and how many of them there
 * are when the file has fewer.
 */
export async function findTail(
  file: LogFile,
  lines: number,
): Promise<{ offset: number; lines: number }> {
  let end = await file.sizeBytes();
  let found = 0;
  // The last line's own newline does not begin another line.
  let last = true;
  while (end > 0) {
    const start = Math.max(0, end - blockBytes);
    const block = await file.read(start, end - start);
    for (let at = block.lastIndexOf(newline); at >= 0; at = block.lastIndexOf(newline, at - 1)) {
      if (!last && ++found === lines) return { offset: start + at + 1, lines };
      last = false;
      if (at === 0) break;
    }
    end = start;
  }
  return { offset: 0, lines: last ? 0 : found + 1 };
}
