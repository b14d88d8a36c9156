import { closeSync, openSync, readSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import { canceled } from '../../core/index.ts';

const pieceBytes = 512 * 1024;

/** What a writer tells the reader of its file: how many bytes are in it, that it is whole, or given up. */
export type FileGrowth = { writtenBytes: number } | 'whole' | 'given-up';

/** The bytes of a file that another thread is still writing. Without a port it is whole. */
export async function* followFile(path: string, growth?: MessagePort): AsyncGenerator<Uint8Array> {
  const fd = openSync(path, 'r');
  let knownBytes = growth ? 0 : Number.POSITIVE_INFINITY;
  let isWhole = growth === undefined;
  let givenUp = false;
  let wake: (() => void) | undefined;
  growth?.on('message', (news: FileGrowth) => {
    if (news === 'whole') isWhole = true;
    else if (news === 'given-up') givenUp = true;
    else knownBytes = Math.max(knownBytes, news.writtenBytes);
    wake?.();
  });
  try {
    for (let position = 0; ; ) {
      if (givenUp) throw canceled(`read ${path}: its writer gave up`);
      if (position < knownBytes) {
        const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, knownBytes - position));
        const size = readSync(fd, piece, 0, piece.length, position);
        position += size;
        if (size > 0) yield piece.subarray(0, size);
        else if (isWhole) return;
      } else if (isWhole) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    closeSync(fd);
    growth?.close();
  }
}
