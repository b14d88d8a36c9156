import { once } from 'node:events';
import type { Frame } from '../../core/index.ts';

/** Writes a process's output to this one's, stream by stream, at the reader's pace. */
export async function printOutput(frames: AsyncIterable<Frame>): Promise<void> {
  for await (const { stream, bytes } of frames) {
    const target = stream === 'stderr' ? process.stderr : process.stdout;
    if (!target.write(bytes)) await once(target, 'drain');
  }
}
