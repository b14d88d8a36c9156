import type { ByteStream } from '../../core/index.ts';
import { mostUnderway, type ToWorker } from './thread-messages.ts';
import { packError } from './wire-error.ts';

const pieceBytes = 256 * 1024;

/** Sends pieces, which `inPieces` made, to a job, a few ahead of it. */
export function createFeeder(
  pieces: AsyncIterable<Uint8Array>,
  job: number,
  tell: (message: ToWorker, transfer?: ArrayBuffer[]) => void,
) {
  let underway = 0;
  let stopped = false;
  let go: (() => void) | undefined;
  async function run(): Promise<void> {
    try {
      for await (const bytes of pieces) {
        if (stopped) return;
        tell({ kind: 'input', job, bytes }, [bytes.buffer as ArrayBuffer]);
        if (++underway < mostUnderway) continue;
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      }
      tell({ kind: 'input-end', job });
    } catch (error) {
      tell({ kind: 'input-end', job, error: packError(error) });
    }
  }
  return {
    run,
    taken: () => {
      underway--;
      go?.();
    },
    stop: () => {
      stopped = true;
      go?.();
    },
  };
}

/**
 * The stream in memory that can be handed to another thread, small chunks put together. Large chunks
 * that nobody else uses (`isOwned`) and that fill their memory go as they are.
 */
export async function* inPieces(stream: ByteStream, isOwned: boolean): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(pieceBytes);
  let filled = 0;
  for await (const chunk of stream) {
    if (isOwned && filled === 0 && chunk.length >= pieceBytes && fillsItsMemory(chunk)) {
      yield chunk;
      continue;
    }
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, piece.length - filled);
      piece.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < piece.length) continue;
      yield piece;
      piece = new Uint8Array(pieceBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.slice(0, filled);
}

function fillsItsMemory({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}
