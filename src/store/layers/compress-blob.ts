import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { type Digest, finishDigest } from '../../core/index.ts';
import { compress } from '../../image/index.ts';
import { check, writeFully } from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import type { JobContext } from '../threads/job.ts';

export interface CompressBlobInput {
  /** An existing, empty file. */
  readonly path: string;
  /** Of gzip, 1 to 9. */
  readonly level: number;
}

/** Job: writes the bytes that come as input to a file, as gzip; not synced. */
export async function compressBlob(
  { path, level }: CompressBlobInput,
  context: JobContext,
): Promise<{ digest: Digest; sizeBytes: number }> {
  const fd = openSync(path, 'r+');
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const bytes of compress(context.input, 'gzip', { level })) {
      context.checkCanceled();
      hash.update(bytes);
      check(writeFully(fd, bytes), 'write', path);
      sizeBytes += bytes.length;
    }
    return { digest: finishDigest(hash), sizeBytes };
  } catch (error) {
    throw diskError('compress layer', error);
  } finally {
    closeSync(fd);
  }
}
