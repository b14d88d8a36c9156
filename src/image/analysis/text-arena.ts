import { invalid } from '../../core/index.ts';
import { withRoom } from './growable.ts';

/** UTF-16 units of all texts of an arena: beyond that no honest image goes. */
const mostUnits = 1 << 29;

/**
 * Many short texts in one block of memory, each named by where it begins. As millions of strings
 * they would take several times the room and the time of every garbage collection.
 */
export class TextArena {
  #units: Uint16Array = new Uint16Array(1024);
  #used = 0;

  /** Keeps `text[from, to)`; throws `invalid` when the arena would pass its limit. */
  add(text: string, from = 0, to = text.length): number {
    const start = this.#used;
    const end = start + to - from;
    if (end > mostUnits) throw invalid(`analyze image: names take over ${mostUnits} characters`);
    this.#units = withRoom(this.#units, end);
    for (let at = from; at < to; at++) this.#units[start + at - from] = text.charCodeAt(at);
    this.#used = end;
    return start;
  }

  text(start: number, length: number): string {
    const { buffer, byteOffset } = this.#units;
    return Buffer.from(buffer, byteOffset + start * 2, length * 2).toString('utf16le');
  }

  /** Whether the text at `start` equals `text[from, to)`, its length being known to be equal. */
  equals(start: number, text: string, from: number, to: number): boolean {
    for (let at = from; at < to; at++) {
      if (this.#units[start + at - from] !== text.charCodeAt(at)) return false;
    }
    return true;
  }
}
