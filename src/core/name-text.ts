import { isUtf8 } from 'node:buffer';
import { invalid } from './errors.ts';

/*
 * Names of files, on disk and in archives, are bytes. They become strings without loss: well-formed
 * UTF-8 as it is, every other byte as the lone surrogate U+DC80 to U+DCFF, which UTF-8 itself can
 * never produce.
 */

/** Text of `bytes[start, end)`; the inverse of `nameBytes`. */
export function nameText(bytes: Buffer, start: number, end: number): string {
  let seen = 0;
  for (let at = start; at < end; at++) seen |= bytes[at]!;
  if (seen < 0x80) return bytes.toString('latin1', start, end);
  const slice = bytes.subarray(start, end);
  return isUtf8(slice) ? slice.toString('utf8') : escapeBytes(slice);
}

/**
 * The bytes of a name that `nameText` gave. File system calls need them when the name is not
 * well-formed (`!name.isWellFormed()`); for all others the string itself will do.
 */
export function nameBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts: Buffer[] = [];
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) parts.push(Buffer.from([code - 0xdc00]));
    else if (code >= 0xd800 && code <= 0xdfff) {
      throw invalid(`encode name: ${JSON.stringify(text)} holds a lone surrogate`);
    } else parts.push(Buffer.from(char));
  }
  return Buffer.concat(parts);
}

function escapeBytes(bytes: Buffer): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at]!);
    const end = at + length;
    if (length > 0 && end <= bytes.length && isUtf8(bytes.subarray(at, end))) {
      text += bytes.toString('utf8', at, end);
      at = end;
    } else {
      text += String.fromCharCode(0xdc00 + bytes[at]!);
      at++;
    }
  }
  return text;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
