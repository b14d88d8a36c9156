import { createHash } from 'node:crypto';
import { openSync } from 'node:fs';
import { type Digest, finishDigest } from '../../core/index.ts';
import { tarHeader } from '../../image/index.ts';
import { closeFd, openDirectory } from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import type { JobContext } from '../threads/job.ts';
import { Blocks, tarSink, writeDiff } from './write-diff.ts';

export interface HashDiffInput {
  readonly directory: string;
  readonly withRoot: boolean;
  readonly epochS?: number;
  /** Also digest the entries without their times. */
  readonly withContentDigest?: boolean;
  /** Gives up (null) beyond so many entries or bytes of content: for a try on the caller's thread. */
  readonly most?: { readonly entries: number; readonly bytes: number };
}

export interface HashDiffOutput {
  readonly diffId: Digest;
  readonly sizeBytes: number;
  readonly contentDigest?: Digest;
  /** Inodes of the files that have names elsewhere, too. */
  readonly linkedInodes: Float64Array;
}

const blockBytes = 512 * 1024;

class TooMuch extends Error {}

/** Job: the digest of the archive that `archiveDiff` gives for the same directory. */
export function hashDiff(input: HashDiffInput, context: JobContext): HashDiffOutput | null {
  const hash = createHash('sha256');
  const timeless = input.withContentDigest ? createHash('sha256') : undefined;
  const blocks = new Blocks(input.most ? 32 * 1024 : blockBytes, false, (block) =>
    hash.update(block),
  );
  const sink = tarSink(blocks);
  let { entries = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY } = input.most ?? {};
  const rootFd = openSync(input.directory, openDirectory);
  try {
    const counting = {
      header: (entry: Parameters<typeof sink.header>[0]) => {
        context.checkCanceled();
        bytes -= entry.sizeBytes ?? 0;
        if (--entries < 0 || bytes < 0) throw new TooMuch();
        sink.header(entry);
        timeless?.update(tarHeader({ ...entry, mtimeS: 0 }));
      },
      content: (content: Uint8Array) => {
        context.checkCanceled();
        sink.content(content);
        timeless?.update(content);
      },
    };
    const { sizeBytes, linkedInodes } = writeDiff(rootFd, counting, input);
    blocks.flush();
    const contentDigest = timeless && { contentDigest: finishDigest(timeless) };
    const names = { linkedInodes: Float64Array.from(linkedInodes) };
    return { diffId: finishDigest(hash), sizeBytes, ...names, ...contentDigest };
  } catch (error) {
    if (error instanceof TooMuch) return null;
    throw diskError('hash layer', error);
  } finally {
    closeFd(rootFd);
  }
}
