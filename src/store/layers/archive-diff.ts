import { createHash } from 'node:crypto';
import { openSync } from 'node:fs';
import { type Digest, finishDigest, internal } from '../../core/index.ts';
import { closeFd, openDirectory } from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import type { JobContext } from '../threads/job.ts';
import { Blocks, tarSink, writeDiff } from './write-diff.ts';

export interface ArchiveDiffInput {
  readonly directory: string;
  readonly withRoot: boolean;
  readonly epochS?: number;
  readonly leaveOut?: readonly string[];
  /** Throws `internal` at the end should the archive have another digest. */
  readonly diffId?: Digest;
}

const blockBytes = 512 * 1024;

/** Job: sends the canonical archive of a layer's directory. */
export function archiveDiff(input: ArchiveDiffInput, context: JobContext): void {
  const hash = input.diffId === undefined ? undefined : createHash('sha256');
  const blocks = new Blocks(blockBytes, true, (block) => {
    hash?.update(block);
    context.send(block);
  });
  const rootFd = openSync(input.directory, openDirectory);
  try {
    writeDiff(rootFd, tarSink(blocks), input);
    blocks.flush();
    const digest = hash && finishDigest(hash);
    if (digest !== input.diffId) {
      throw internal(`archive layer ${input.diffId}: its files give ${digest} now`);
    }
  } catch (error) {
    throw diskError('archive layer', error);
  } finally {
    closeFd(rootFd);
  }
}
