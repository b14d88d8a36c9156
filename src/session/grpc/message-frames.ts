import { invalid } from '../../core/index.ts';

/** gRPC over HTTP/2: each message is led by a flag (compressed or not) and its length. */
const headBytes = 5;

/** No peer sends more in one message; a head that says so is no reason to wait for gigabytes. */
const largestMessageBytes = 32 * 2 ** 20;

/** Messages as one piece of bytes, to be written at once. */
export function frameMessages(messages: readonly Uint8Array[]): Buffer {
  let sizeBytes = 0;
  for (const { length } of messages) sizeBytes += headBytes + length;
  const framed = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for (const message of messages) {
    framed[at] = 0;
    framed.writeUInt32BE(message.length, at + 1);
    framed.set(message, at + headBytes);
    at += headBytes + message.length;
  }
  return framed;
}

/** Takes messages out of bytes as they arrive. */
export interface MessageReader {
  /** The messages that are whole with this chunk; views of its bytes. Throws `invalid`. */
  add(chunk: Uint8Array): Buffer[];
  /** Throws `invalid` when the bytes ended within a message. */
  end(): void;
}

export function createMessageReader(): MessageReader {
  /** What is left of earlier chunks, joined only once a message is whole. */
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let wantedBytes = headBytes;
  return {
    add(chunk) {
      kept.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      keptBytes += chunk.byteLength;
      if (keptBytes < wantedBytes) return [];
      const bytes = kept.length === 1 ? kept[0]! : Buffer.concat(kept, keptBytes);
      const messages: Buffer[] = [];
      let at = 0;
      wantedBytes = headBytes;
      while (bytes.length - at >= headBytes) {
        const sizeBytes = sizeOf(bytes, at);
        if (bytes.length - at < headBytes + sizeBytes) {
          wantedBytes = headBytes + sizeBytes;
          break;
        }
        messages.push(bytes.subarray(at + headBytes, at + headBytes + sizeBytes));
        at += headBytes + sizeBytes;
      }
      kept = at < bytes.length ? [bytes.subarray(at)] : [];
      keptBytes = bytes.length - at;
      return messages;
    },
    end() {
      if (keptBytes > 0)
        throw invalid(`read call: ended within a message, after ${keptBytes} bytes`);
    },
  };
}

function sizeOf(bytes: Buffer, at: number): number {
  if (bytes[at] !== 0) throw invalid('read call: a message is compressed, which was not agreed on');
  const sizeBytes = bytes.readUInt32BE(at + 1);
  if (sizeBytes > largestMessageBytes) {
    throw invalid(`read call: a message of ${sizeBytes} bytes is more than is allowed`);
  }
  return sizeBytes;
}
