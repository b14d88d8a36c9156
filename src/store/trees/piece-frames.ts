const headerBytes = 9;

/** Part of the content of a listed file. */
export interface ListedPiece {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** Pieces as a stream of bytes, for a job: before each its number, length, and whether it is last. */
export async function* framePieces(
  batches: AsyncIterable<readonly ListedPiece[]>,
): AsyncGenerator<Uint8Array> {
  for await (const batch of batches) {
    for (const { number, bytes, isLast } of batch) {
      const header = Buffer.allocUnsafe(headerBytes);
      header.writeUInt32LE(number, 0);
      header.writeUInt32LE(bytes.length, 4);
      header.writeUInt8(isLast ? 1 : 0, 8);
      yield header;
      if (bytes.length > 0) yield bytes;
    }
  }
}

/** Gives framed pieces back, cut where the stream's chunks are. */
export function createPieceParser(onPiece: (piece: ListedPiece) => void): (chunk: Buffer) => void {
  const header = Buffer.alloc(headerBytes);
  let filled = 0;
  let leftBytes = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (filled < headerBytes) {
        const taken = chunk.copy(header, filled, at, at + headerBytes - filled);
        filled += taken;
        at += taken;
        if (filled < headerBytes) return;
        leftBytes = header.readUInt32LE(4);
        if (leftBytes > 0) continue;
      }
      const bytes = chunk.subarray(at, at + leftBytes);
      at += bytes.length;
      leftBytes -= bytes.length;
      if (leftBytes === 0) filled = 0;
      const isLast = leftBytes === 0 && header.readUInt8(8) === 1;
      onPiece({ number: header.readUInt32LE(0), bytes, isLast });
    }
  };
}
