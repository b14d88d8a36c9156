import { invalid } from './errors.ts';

/** How a field's value is written (protobuf.dev, "Encoding"); groups are not read. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Reads the fields of one message. Every method throws `invalid` past the end of the bytes. */
export class ProtobufReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    this.#end = bytes.byteLength;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Field number times eight plus wire type. */
  tag(): number {
    const tag = this.uint32();
    if (tag >>> 3 === 0) throw invalid('decode message: a field has the number 0');
    return tag;
  }

  /** The low 32 bits of a varint. */
  uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw invalid('decode message: a number has more than ten bytes');
  }

  int32(): number {
    return this.uint32() | 0;
  }

  /** A varint as an unsigned 64-bit number. */
  uint64(): bigint {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) low += bits * 2 ** shift;
      else high += bits * 2 ** (shift - 28);
      if (byte < 0x80) return BigInt.asUintN(64, (BigInt(high) << 28n) + BigInt(low));
    }
    throw invalid('decode message: a number has more than ten bytes');
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  /** A view of the field's bytes, not a copy. */
  bytes(): Buffer {
    const sizeBytes = this.uint32();
    if (sizeBytes > this.#end - this.#at) {
      throw invalid(`decode message: a field of ${sizeBytes} bytes is cut off`);
    }
    const start = this.#at;
    this.#at += sizeBytes;
    return this.#bytes.subarray(start, this.#at);
  }

  string(): string {
    return this.bytes().toString('utf8');
  }

  /** Passes over a value of this tag. */
  skip(tag: number): void {
    switch (tag & 7) {
      case wireType.varint:
        this.uint64();
        return;
      case wireType.fixed64:
        this.#pass(8);
        return;
      case wireType.bytes:
        this.bytes();
        return;
      case wireType.fixed32:
        this.#pass(4);
        return;
      default:
        throw invalid(`decode message: field ${tag >>> 3} has the unknown wire type ${tag & 7}`);
    }
  }

  #pass(sizeBytes: number): void {
    if (sizeBytes > this.#end - this.#at) throw invalid('decode message: cut off');
    this.#at += sizeBytes;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw invalid('decode message: cut off');
    return this.#bytes[this.#at++]!;
  }
}
