import type { StreamName } from './json-log/json-line.ts';

const headerBytes = 8;
const numbers: Readonly<Record<StreamName, number>> = { stdout: 1, stderr: 2 };

/**
 * Docker's way of putting two streams on one connection (Engine API, "Stream format"): stream
 * number, three zeros, length as four bytes big endian, content.
 */
export function frame(stream: StreamName, bytes: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headerBytes + bytes.length);
  framed.writeUInt32BE(numbers[stream] * 2 ** 24, 0);
  framed.writeUInt32BE(bytes.length, 4);
  framed.set(bytes, headerBytes);
  return framed;
}
