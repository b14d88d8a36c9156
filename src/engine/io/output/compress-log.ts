import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { internal } from '../../../core/index.ts';

/** Compresses a rotated log file; a crash leaves the plain file, which reads as well. */
export async function compressLog(path: string): Promise<void> {
  const partial = `${path}.gz.tmp`;
  try {
    const { ino } = statSync(path);
    await pipeline(
      createReadStream(path),
      createGzip(),
      createWriteStream(partial, { mode: 0o640 }),
    );
    // The next rotation may have come first and given the name to another file.
    if (statSync(path).ino !== ino) throw internal(`compress ${path}: rotated meanwhile`);
    renameSync(partial, `${path}.gz`);
    rmSync(path);
  } catch {
    // Rotated away or removed meanwhile, or no room: the plain file stays what it is.
    rmSync(partial, { force: true });
  }
}
