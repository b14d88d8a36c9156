import { createReadStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeFrames, encodeFrame, errnoCode, type Frame } from '../core/index.ts';
import type { Job, OutputLine } from '../jobs/index.ts';
import { syncDirectory } from '../linux/index.ts';

/** What ended jobs wrote, one file each, in Docker's frames. */
export interface JobOutputs {
  /** Stores the whole output, durably; an earlier attempt is replaced. */
  keep(job: Job, output: AsyncIterable<OutputLine>): Promise<void>;
  /** The kept output, or nothing when none was kept; with `tail` its last lines only. */
  read(job: Job, options: { tail?: number }): AsyncIterable<OutputLine>;
}

export function createJobOutputs(rootPath: string): JobOutputs {
  const folderOf = (job: Job) => join(rootPath, String(job.id));

  async function* frames(job: Job): AsyncGenerator<Frame> {
    try {
      yield* decodeFrames(
        createReadStream(join(folderOf(job), 'output'), { highWaterMark: 1 << 18 }),
      );
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') throw error;
    }
  }

  return {
    async keep(job, output) {
      await mkdir(folderOf(job), { recursive: true, mode: 0o700 });
      const path = join(folderOf(job), 'output');
      const file = await open(`${path}.tmp`, 'w', 0o600);
      try {
        for await (const line of output) await file.writeFile(encodeFrame(line));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.tmp`, path);
      await syncDirectory(folderOf(job));
    },
    read: (job, { tail }) => (tail === undefined ? frames(job) : lastOf(frames(job), tail)),
  };
}

async function* lastOf<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  const kept: T[] = [];
  for await (const item of items) {
    kept.push(item);
    if (kept.length > count) kept.shift();
  }
  yield* kept;
}
