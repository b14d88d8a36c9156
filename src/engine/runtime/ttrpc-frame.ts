import { invalid } from '../../core/index.ts';

/** One ttrpc message: a 10-byte header (length, stream id, type, flags; big endian) and its body. */
export interface Frame {
  readonly streamId: number;
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
}

export const frameType = { request: 1, response: 2, data: 3 } as const;

const headerBytes = 10;
/** The protocol's own limit for a body. */
const longestBodyBytes = 4 << 20;

export function encodeFrame(frame: Frame): Buffer {
  if (frame.body.length > longestBodyBytes) {
    throw invalid(
      `encode ttrpc frame: ${frame.body.length} bytes are more than ${longestBodyBytes}`,
    );
  }
  const bytes = Buffer.allocUnsafe(headerBytes + frame.body.length);
  bytes.writeUInt32BE(frame.body.length, 0);
  bytes.writeUInt32BE(frame.streamId, 4);
  bytes.writeUInt8(frame.type, 8);
  bytes.writeUInt8(frame.flags, 9);
  bytes.set(frame.body, headerBytes);
  return bytes;
}

/**
 * Gives a function that takes what arrived and returns the frames now complete. It throws `invalid`
 * on a body over the limit: the connection is out of step from then on and has to be closed.
 */
export function frameDecoder(): (chunk: Uint8Array) => Frame[] {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk) => {
    pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
    const frames: Frame[] = [];
    while (pending.length >= headerBytes) {
      const bodyBytes = pending.readUInt32BE(0);
      if (bodyBytes > longestBodyBytes) {
        throw invalid(`decode ttrpc frame: announced ${bodyBytes} bytes, over ${longestBodyBytes}`);
      }
      const end = headerBytes + bodyBytes;
      if (pending.length < end) break;
      frames.push({
        streamId: pending.readUInt32BE(4),
        type: pending.readUInt8(8),
        flags: pending.readUInt8(9),
        body: pending.subarray(headerBytes, end),
      });
      pending = pending.subarray(end);
    }
    return frames;
  };
}
