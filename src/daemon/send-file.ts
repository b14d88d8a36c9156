import { closeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { internal } from '../core/index.ts';
import { duplicateFd, sendFileBytes } from '../linux/index.ts';
import type { BlobConnection } from '../registry/index.ts';

const copiedBytes = 64 * 1024;
/** So much goes from one thread to another at once that the change costs little beside it. */
const sentBytes = 512 * 1024;

/**
 * Sends a file's bytes from `start` to `end` (exclusive) on a connection, past this process where
 * that can be: the kernel takes them from its page cache. When the connection's buffer is full, the
 * next piece is written as any other, which waits until there is room.
 */
export async function sendFile(
  path: string,
  { start, end }: { start: number; end: number },
  connection: BlobConnection,
): Promise<void> {
  await using file = await open(path);
  // The connection may be closed while a thread still sends, and its number be another's by then.
  const socketFd = duplicateFd(connection.fd);
  try {
    const buffer = Buffer.allocUnsafeSlow(copiedBytes);
    let position = start;
    // The head of the reply may still wait in this process: the first piece is written behind it.
    let hasRoom = false;
    while (position < end) {
      const sent: number = hasRoom
        ? await sendFileBytes(socketFd, file.fd, {
            position,
            sizeBytes: Math.min(sentBytes, end - position),
          })
        : await copyPiece(Math.min(copiedBytes, end - position));
      hasRoom = sent > 0;
      position += sent;
    }

    async function copyPiece(sizeBytes: number): Promise<number> {
      const { bytesRead } = await file.read(buffer, 0, sizeBytes, position);
      if (bytesRead === 0) throw internal(`read ${path}: the file ends at ${position}`);
      await connection.write(buffer.subarray(0, bytesRead));
      return bytesRead;
    }
  } finally {
    closeSync(socketFd);
  }
}
