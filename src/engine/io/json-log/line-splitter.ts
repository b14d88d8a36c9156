/** Docker's copier cuts a line without an end into entries of this many bytes. */
export const longestEntryBytes = 16 * 1024;
const newline = 0x0a;

/** A stretch of output for the log: whole lines, or a part of a line that is too long for one entry. */
export type Piece =
  | { readonly kind: 'lines'; readonly bytes: Uint8Array }
  | { readonly kind: 'part'; readonly bytes: Uint8Array; readonly isFirst: boolean }
  | { readonly kind: 'last-part'; readonly bytes: Uint8Array };

/**
 * Cuts one stream of output into log entries. Bytes of a line that has not ended wait inside; `push`
 * tells how many of all bytes so far have come out, so that the rest can be found again after a crash.
 */
export class LineSplitter {
  #waiting: Uint8Array = new Uint8Array();
  #insideLongLine = false;

  get waitingBytes(): number {
    return this.#waiting.length;
  }

  push(chunk: Uint8Array): Piece[] {
    const pieces: Piece[] = [];
    let data = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    if (this.#insideLongLine) data = this.#continueLongLine(data, pieces);
    while (!this.#insideLongLine && data.length > 0) {
      const long = findLongLine(data);
      if (long === undefined) {
        const end = data.lastIndexOf(newline) + 1;
        if (end > 0) pieces.push({ kind: 'lines', bytes: data.subarray(0, end) });
        data = data.subarray(end);
        break;
      }
      if (long > 0) pieces.push({ kind: 'lines', bytes: data.subarray(0, long) });
      data = this.#startLongLine(data.subarray(long), pieces);
    }
    this.#waiting = Uint8Array.from(data);
    return pieces;
  }

  /** What waits when the stream has ended. */
  end(): Piece[] {
    const bytes = this.#waiting;
    this.#waiting = new Uint8Array();
    if (bytes.length === 0) return [];
    const isFirst = !this.#insideLongLine;
    this.#insideLongLine = false;
    return [{ kind: 'part', bytes, isFirst }];
  }

  #startLongLine(data: Uint8Array, pieces: Piece[]): Uint8Array {
    pieces.push({ kind: 'part', bytes: data.subarray(0, longestEntryBytes), isFirst: true });
    this.#insideLongLine = true;
    return this.#continueLongLine(data.subarray(longestEntryBytes), pieces);
  }

  #continueLongLine(start: Uint8Array, pieces: Piece[]): Uint8Array {
    let data = start;
    for (;;) {
      const end = data.indexOf(newline);
      if (end >= 0 && end < longestEntryBytes) {
        pieces.push({ kind: 'last-part', bytes: data.subarray(0, end + 1) });
        this.#insideLongLine = false;
        return data.subarray(end + 1);
      }
      if (data.length < longestEntryBytes) return data;
      pieces.push({ kind: 'part', bytes: data.subarray(0, longestEntryBytes), isFirst: false });
      data = data.subarray(longestEntryBytes);
    }
  }
}

/**
 * Where a line starts whose first 16 KiB hold no newline. Jumps by that length: a line that long
 * must cover one of the places it looks at.
 */
function findLongLine(data: Uint8Array): number | undefined {
  let start = 0;
  while (data.length - start >= longestEntryBytes) {
    const lastNewline = data.lastIndexOf(newline, start + longestEntryBytes - 1);
    if (lastNewline < start) return start;
    start = lastNewline + 1;
  }
  return undefined;
}
