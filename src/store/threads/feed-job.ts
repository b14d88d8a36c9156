import type { ByteStream } from '../../core/index.ts';
import { mostUnderway, type ToWorker } from './thread-messages.ts';
import { packError } from './wire-error.ts';

const pieceBytes = 256 * 1024;

interface FeederOptions {
  /** Nobody else uses the memory of the stream's chunks. */
  readonly isOwned: boolean;
  readonly job: number;
  readonly tell: (message: ToWorker, transfer?: ArrayBuffer[]) => void;
}

/** Sends a stream to a job, a few pieces ahead of it. */
export function createFeeder(stream: ByteStream, { isOwned, job, tell }: FeederOptions) {
  const spare: Uint8Array[] = [];
  const pieces = inPieces(stream, { isOwned, newPiece: () => spare.pop() });
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
    /** The job has taken a piece, whose memory it may give back. */
    taken: (bytes?: Uint8Array) => {
      if (bytes?.length === pieceBytes) spare.push(bytes);
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
async function* inPieces(
  stream: ByteStream,
  { isOwned, newPiece }: { isOwned: boolean; newPiece: () => Uint8Array | undefined },
): AsyncGenerator<Uint8Array> {
  const emptyPiece = () => newPiece() ?? Buffer.allocUnsafeSlow(pieceBytes);
  let piece = emptyPiece();
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
      piece = emptyPiece();
      filled = 0;
    }
  }
  if (filled > 0) yield piece.slice(0, filled);
}

function fillsItsMemory({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}
