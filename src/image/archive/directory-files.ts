import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, invalid } from '../../core/index.ts';
import { type MemberFiles, noSuchMember, readRange } from './member-files.ts';

/** The files below a directory. */
export function directoryFiles(directory: string): MemberFiles {
  return {
    async sizeOf(path) {
      try {
        const found = await stat(join(directory, path));
        return found.isFile() ? found.size : undefined;
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw error;
      }
    },

    async *open(path, { offset, signal }) {
      const handle = await openFile(directory, path);
      try {
        const { size } = await handle.stat();
        yield* readRange(handle, { start: offset, end: size, ...(signal && { signal }) });
      } finally {
        await handle.close();
      }
    },

    async [Symbol.asyncDispose]() {},
  };
}

async function openFile(directory: string, path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    // A fifo of this name would otherwise keep us waiting.
    handle = await open(join(directory, path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isAbsence(error)) throw noSuchMember(path);
    throw error;
  }
  const found = await handle.stat();
  if (found.isFile()) return handle;
  await handle.close();
  throw invalid(`read archive: ${JSON.stringify(path)} is not a file`);
}

function isAbsence(error: unknown): boolean {
  const code = errnoCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
