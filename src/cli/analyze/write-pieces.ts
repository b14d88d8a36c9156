import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { errnoCode } from '../../core/index.ts';
import { replaceFile } from '../replace-file.ts';

const pieceCharacters = 1 << 20;

/** Writes text that comes in many small pieces to a file, whole or not at all; `-` is stdout. */
export async function writePieces(path: string, pieces: Iterable<string>): Promise<void> {
  if (path === '-') return writeTo(process.stdout, pieces).catch(unlessClosed);
  await replaceFile(path, async (target) => {
    const stream = createWriteStream(target);
    try {
      await writeTo(stream, pieces);
      stream.end();
      await once(stream, 'close');
    } finally {
      stream.destroy();
    }
  });
}

/** Who pipes into `head` has seen enough; that is no failure. */
function unlessClosed(error: unknown): void {
  if (errnoCode(error) !== 'EPIPE') throw error;
}

async function writeTo(stream: Writable, pieces: Iterable<string>): Promise<void> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < pieceCharacters) continue;
    if (!stream.write(text)) await once(stream, 'drain');
    text = '';
  }
  if (text !== '') stream.write(text);
}
