import type { FileHandle } from 'node:fs/promises';

/** Appends all of a chunk: a single write may take only part of it. */
export async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0;
  while (at < chunk.length) at += (await handle.write(chunk, at)).bytesWritten;
}
