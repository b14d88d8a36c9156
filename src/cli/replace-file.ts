import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { errnoCode } from '../core/index.ts';

/**
 * Has a file written whole or not at all: `write` gets the path to write to, which takes the file's
 * place at the end. What is no regular file, `/dev/null` or a pipe, is written to and never replaced.
 */
export async function replaceFile(
  path: string,
  write: (path: string) => Promise<void>,
): Promise<void> {
  const there = await stat(path).catch((error) => {
    if (errnoCode(error) !== 'ENOENT') throw error;
  });
  if (there && !there.isFile()) return await write(path);
  const target = there ? await realpath(path) : path;
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    await write(temporary);
    await using file = await open(temporary);
    await file.sync();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
