import type { Readable } from 'node:stream';

/** DNS over TCP (RFC 1035 4.2.2): each message after its length in two bytes. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Calls back with each whole message; holds at most one that is not whole yet. */
export function collectFrames(stream: Readable, onMessage: (message: Buffer) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      onMessage(Buffer.from(pending.subarray(2, end)));
      pending = pending.subarray(end);
    }
  });
}
