import type { ByteStream } from './bytes.ts';
import { invalid } from './errors.ts';

/** One piece of a process's output, as Docker multiplexes it (Engine API, "Stream format"). */
export interface Frame {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

const headerBytes = 8;
const largestFrameBytes = 16 * 2 ** 20;

/** Header and payload: stream number, three zeros, length as u32 big endian. */
export function encodeFrame({ stream, bytes }: Frame): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + bytes.length);
  frame.writeUInt32BE(stream === 'stdout' ? 0x01000000 : 0x02000000, 0);
  frame.writeUInt32BE(bytes.length, 4);
  frame.set(bytes, headerBytes);
  return frame;
}

/** Throws `invalid` on an unknown stream, a frame over 16 MiB, or an end in the middle of one. */
export async function* decodeFrames(source: ByteStream): AsyncGenerator<Frame> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
    while (pending.length >= headerBytes) {
      const length = pending.readUInt32BE(4);
      const number = pending[0];
      if (number! > 2 || length > largestFrameBytes) {
        throw invalid(`decode output: a frame of stream ${number} with ${length} bytes`);
      }
      if (pending.length < headerBytes + length) break;
      const bytes = pending.subarray(headerBytes, headerBytes + length);
      yield { stream: number === 2 ? 'stderr' : 'stdout', bytes };
      pending = pending.subarray(headerBytes + length);
    }
  }
  if (pending.length > 0) throw invalid(`decode output: ended within a frame`);
}
