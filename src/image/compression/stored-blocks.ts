const mostBytes = 0xffff;
const headBytes = 5;

/**
 * Bytes as deflate's stored blocks (RFC 1951, 3.2.4), each ending where a byte does; `isLast` marks the
 * end of the whole stream.
 */
export function storedBlocks(content: Uint8Array, isLast: boolean): Buffer {
  const count = Math.max(1, Math.ceil(content.length / mostBytes));
  const blocks = Buffer.allocUnsafeSlow(content.length + count * headBytes);
  let from = 0;
  let to = 0;
  for (let index = 1; index <= count; index++) {
    const sizeBytes = Math.min(mostBytes, content.length - from);
    blocks[to] = isLast && index === count ? 1 : 0;
    blocks.writeUInt16LE(sizeBytes, to + 1);
    blocks.writeUInt16LE(sizeBytes ^ 0xffff, to + 3);
    blocks.set(content.subarray(from, from + sizeBytes), to + headBytes);
    from += sizeBytes;
    to += headBytes + sizeBytes;
  }
  return blocks;
}
