import { randomInt } from 'node:crypto';
import { invalid } from '../../core/index.ts';
import { withRoom } from './growable.ts';
import { TextArena } from './text-arena.ts';

/** The id of the root, parent of itself. */
export const rootId = 0;

/** Ids of paths never seen. */
export const noPath = -1;

const mostPaths = 16_000_000;

/**
 * A tree of paths, each a small number: about 50 bytes a path, whatever their count. Parents have
 * smaller ids than what lies in them.
 */
export class PathTable {
  count = 1;
  #parents: Uint32Array = new Uint32Array(64);
  #starts: Uint32Array = new Uint32Array(64);
  #lengths: Uint16Array = new Uint16Array(64);
  readonly #names = new TextArena();
  /** Open addressing by parent and name; 0 is free, as the root is never looked up. */
  #slots = new Uint32Array(0);
  #lastDirectory = '';
  #lastDirectoryId = rootId;

  /** The id of a clean relative path, made if need be, with all its parents. '' is the root. */
  add(path: string): number {
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? rootId : this.#directory(path, slash);
    return path === '' ? rootId : this.#child(parent, path, slash + 1, path.length, true);
  }

  /** The id of a clean relative path, or `noPath`. */
  find(path: string): number {
    let id = rootId;
    let from = 0;
    while (from < path.length && id !== noPath) {
      const slash = path.indexOf('/', from);
      const to = slash < 0 ? path.length : slash;
      id = this.#child(id, path, from, to, false);
      from = to + 1;
    }
    return id;
  }

  addChild(parent: number, name: string): number {
    return this.#child(parent, name, 0, name.length, true);
  }

  parentOf(id: number): number {
    return this.#parents[id]!;
  }

  nameOf(id: number): string {
    return this.#names.text(this.#starts[id]!, this.#lengths[id]!);
  }

  /** The path relative to the root, '' for the root itself. */
  pathOf(id: number): string {
    if (id === rootId) return '';
    let path = this.nameOf(id);
    for (let at = this.parentOf(id); at !== rootId; at = this.parentOf(at)) {
      path = `${this.nameOf(at)}/${path}`;
    }
    return path;
  }

  /** Archives list a directory's files together, so its id is mostly the one of the last call. */
  #directory(path: string, end: number): number {
    if (this.#lastDirectory.length === end && path.startsWith(this.#lastDirectory)) {
      return this.#lastDirectoryId;
    }
    let id = rootId;
    let from = 0;
    while (from < end) {
      const slash = path.indexOf('/', from);
      id = this.#child(id, path, from, slash, true);
      from = slash + 1;
    }
    this.#lastDirectory = path.slice(0, end);
    this.#lastDirectoryId = id;
    return id;
  }

  #child(parent: number, text: string, from: number, to: number, make: boolean): number {
    if (this.count * 2 >= this.#slots.length) this.#rehash();
    const mask = this.#slots.length - 1;
    let slot = hashOf(parent, text, from, to) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]!;
      if (this.#parents[id] === parent && this.#lengths[id] === to - from) {
        if (this.#names.equals(this.#starts[id]!, text, from, to)) return id;
      }
    }
    if (!make) return noPath;
    const id = this.#append(parent, this.#names.add(text, from, to), to - from);
    this.#slots[slot] = id;
    return id;
  }

  #append(parent: number, start: number, length: number): number {
    const id = this.count++;
    if (id >= mostPaths) throw invalid(`analyze image: it has over ${mostPaths} paths`);
    if (id >= this.#parents.length) {
      this.#parents = withRoom(this.#parents, id + 1);
      this.#starts = withRoom(this.#starts, id + 1);
      this.#lengths = withRoom(this.#lengths, id + 1);
    }
    this.#parents[id] = parent;
    this.#starts[id] = start;
    this.#lengths[id] = length;
    return id;
  }

  #rehash(): void {
    let size = 256;
    while (size < this.count * 4) size *= 2;
    const slots = new Uint32Array(size);
    for (let id = 1; id < this.count; id++) {
      const name = this.nameOf(id);
      let slot = hashOf(this.#parents[id]!, name, 0, name.length) & (size - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      slots[slot] = id;
    }
    this.#slots = slots;
  }
}

/** So that nobody can choose names that all fall into one slot. */
const seed = randomInt(2 ** 32);

/** FNV-1a with a last stir, so that neighbouring parents do not fall into neighbouring slots. */
function hashOf(parent: number, text: string, from: number, to: number): number {
  let hash = Math.imul(parent ^ seed, 0x9e3779b1);
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
