import { openSync } from 'node:fs';
import { closeFd, openDirectory } from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import type { JobContext } from '../threads/job.ts';
import { Blocks, tarSink, writeDiff } from './write-diff.ts';

export interface ArchiveDiffInput {
  readonly directory: string;
  readonly withRoot: boolean;
  readonly epochS?: number;
}

const blockBytes = 512 * 1024;

/** Job: sends the canonical archive of a layer's directory. */
export function archiveDiff(input: ArchiveDiffInput, context: JobContext): void {
  const blocks = new Blocks(blockBytes, true, (block) => context.send(block));
  const rootFd = openSync(input.directory, openDirectory);
  try {
    writeDiff(rootFd, tarSink(blocks), input);
    blocks.flush();
  } catch (error) {
    throw diskError('archive layer', error);
  } finally {
    closeFd(rootFd);
  }
}
