import { isAscii, isUtf8 } from 'node:buffer';

export type StreamName = 'stdout' | 'stderr';

/**
 * Lines of Docker's json-file logs: `{"log":…,"stream":…,"attrs":…,"time":…}`, one a line, escaped as
 * Go's encoder does it (moby, daemon/logger/jsonfilelog/jsonlog), bytes that are no UTF-8 replaced.
 */
export interface LineMark {
  readonly stream: StreamName;
  /** RFC 3339 with nanoseconds, see `formatTime`. */
  readonly time: string;
  /** JSON text of an object; '' for none. */
  readonly attributes: string;
}

/** One entry; `text` ends with its newline unless it is a part of a longer line. */
export function encodeEntry(text: Uint8Array, mark: LineMark): string {
  return `{"log":"${escapeText(decode(text))}${tail(mark)}`;
}

/**
 * Entries for whole lines, each with its newline. The usual case, lines without anything to escape,
 * costs one split and one join for all of them.
 */
export function encodeLines(lines: Uint8Array, mark: LineMark): string {
  if (lines.length === 0) return '';
  const text = decode(lines);
  const plain = special.test(text) ? escapeText(text.slice(0, -1), true) : text.slice(0, -1);
  const end = `\\n${tail(mark)}`;
  return `{"log":"${plain.replaceAll('\n', `${end}{"log":"`)}${end}`;
}

function tail({ stream, time, attributes }: LineMark): string {
  const extra = attributes === '' ? '' : `"attrs":${attributes},`;
  return `","stream":"${stream}",${extra}"time":"${time}"}\n`;
}

function decode(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (isAscii(buffer)) return buffer.toString('latin1');
  return isUtf8(buffer) ? buffer.toString('utf8') : decodeBroken(buffer);
}

/** Go replaces each bad byte by itself, where the web's decoder replaces a run of them. */
function decodeBroken(buffer: Buffer): string {
  let text = '';
  let start = 0;
  while (start < buffer.length) {
    const end = validUntil(buffer, start);
    text += buffer.toString('utf8', start, end);
    if (end < buffer.length) text += '\ufffd';
    start = end + 1;
  }
  return text;
}

function validUntil(buffer: Buffer, start: number): number {
  let at = start;
  while (at < buffer.length) {
    const first = buffer[at]!;
    const size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (size === 0 || first > 0xf4 || !isUtf8(buffer.subarray(at, at + size))) return at;
    at += size;
  }
  return at;
}

const special = /["\\<>&\u2028\u2029\u0000-\u0009\u000b-\u001f]/;
const everySpecial = /["\\<>&\u2028\u2029\u0000-\u001f]/g;
const everySpecialButNewline = /["\\<>&\u2028\u2029\u0000-\u0009\u000b-\u001f]/g;

function escapeText(text: string, keepNewlines = false): string {
  return text.replace(keepNewlines ? everySpecialButNewline : everySpecial, (character) => {
    switch (character) {
      case '"':
        return '\\"';
      case '\\':
        return '\\\\';
      case '\n':
        return '\\n';
      case '\r':
        return '\\r';
      default:
        return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    }
  });
}

let formattedSecond = -1n;
let formattedText = '';

/** `2024-05-01T10:00:00.123456789Z`, trailing zeros of the fraction left away as Go does. */
export function formatTime(atNs: bigint): string {
  const second = atNs / 1_000_000_000n;
  if (second !== formattedSecond) {
    formattedSecond = second;
    formattedText = new Date(Number(second) * 1000).toISOString().slice(0, 19);
  }
  const fraction = String(atNs % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${formattedText}Z` : `${formattedText}.${fraction}Z`;
}
