import { setImmediate as nextTurn } from 'node:timers/promises';
import { updateActions } from '../../../core/index.ts';

import {
  type ContextListing,
  type ContextTree,
  digestBytes,
  isDirectory,
  isPlainFile,
} from './context-listing.ts';
import { compareWalk, findInWalk } from './walk-order.ts';

const entriesPerTurn = 20_000;

/** What it takes to make a kept tree what a listing says. */
export interface TreeChanges {
  readonly isEmpty: boolean;
  /** Numbers of the files in the listing whose content has to come from the client. */
  readonly wanted: Uint32Array;
  /** For an update of the kept tree where it stands. */
  readonly actions: Uint8Array;
  readonly removed: readonly string[];
  /** Of the listing's entries, as far as the kept tree has them. */
  readonly digests: Uint8Array;
}

/**
 * Compares what a client lists with what is kept of it, as BuildKit does: a file with the same type,
 * mode, owner, size, time and attributes has the same content. Times of directories mean nothing.
 * Gives the event loop a turn now and then.
 */
export async function compareTrees(
  base: ContextTree | undefined,
  listing: ContextListing,
): Promise<TreeChanges> {
  const comparison = new Comparison(base, listing);
  const oldPaths = base?.paths ?? [];
  let old = 0;
  for (let number = 0; number < listing.count; number++) {
    if (number % entriesPerTurn === entriesPerTurn - 1) await nextTurn();
    const path = listing.paths[number]!;
    let order = -1;
    while (old < oldPaths.length) {
      // Most paths are the same string on both sides.
      order = oldPaths[old] === path ? 0 : compareWalk(oldPaths[old]!, path);
      if (order >= 0) break;
      comparison.gone(old++);
    }
    if (old < oldPaths.length && order === 0) comparison.both(old++, number);
    else comparison.added(number);
  }
  while (old < oldPaths.length) comparison.gone(old++);
  return comparison.finish();
}

class Comparison {
  readonly #base: ContextTree | undefined;
  readonly #listing: ContextListing;
  readonly #wanted: number[] = [];
  readonly #actions: Uint8Array;
  readonly #removed: string[] = [];
  readonly #digests: Uint8Array;
  #isEmpty = true;

  constructor(base: ContextTree | undefined, listing: ContextListing) {
    this.#base = base;
    this.#listing = listing;
    this.#actions = new Uint8Array(listing.count);
    this.#digests = new Uint8Array(listing.count * digestBytes);
  }

  gone(old: number): void {
    this.#isEmpty = false;
    this.#removed.push(this.#base!.paths[old]!);
  }

  added(number: number): void {
    this.#isEmpty = false;
    if (isPlainFile(this.#listing, number)) {
      this.#wanted.push(number);
      this.#actions[number] = updateActions.move;
    } else this.#actions[number] = updateActions.make;
  }

  both(old: number, number: number): void {
    const base = this.#base!;
    const listing = this.#listing;
    if (isSame(base, old, listing, number) && !this.#isNameOfNew(number)) {
      if (!isDirectory(listing, number)) this.#keepDigest(old, number);
      return;
    }
    const [wasDirectory, isDirectoryNow] = [isDirectory(base, old), isDirectory(listing, number)];
    if (wasDirectory && isDirectoryNow) {
      this.#isEmpty = false;
      this.#actions[number] = updateActions.dress;
      return;
    }
    // A file takes the place of another by itself.
    if (wasDirectory || !isPlainFile(listing, number)) this.gone(old);
    this.added(number);
  }

  /** A further name of a file that is not the kept one any more. */
  #isNameOfNew(number: number): boolean {
    const { links, paths } = this.#listing;
    if (isDirectory(this.#listing, number)) return false;
    const target = links.get(number);
    if (target === undefined || isSymlink(this.#listing, number)) return false;
    return this.#actions[findInWalk(paths, target)] !== updateActions.keep;
  }

  #keepDigest(old: number, number: number): void {
    const from = this.#base!.digests;
    const start = old * digestBytes;
    this.#digests.set(from.subarray(start, start + digestBytes), number * digestBytes);
  }

  finish(): TreeChanges {
    return {
      isEmpty: this.#isEmpty,
      wanted: Uint32Array.from(this.#wanted),
      actions: this.#actions,
      // What is in a directory was listed after it, and goes before it.
      removed: this.#removed.reverse(),
      digests: this.#digests,
    };
  }
}

function isSymlink({ types }: ContextListing, number: number): boolean {
  return types[number] === 2;
}

function isSame(a: ContextListing, i: number, b: ContextListing, j: number): boolean {
  if (a.types[i] !== b.types[j] || a.modes[i] !== b.modes[j]) return false;
  if (a.uids[i] !== b.uids[j] || a.gids[i] !== b.gids[j]) return false;
  if (a.xattrsDigests.get(i) !== b.xattrsDigests.get(j)) return false;
  if (isDirectory(a, i)) return true;
  const [deviceA, deviceB] = [a.devices.get(i), b.devices.get(j)];
  return (
    a.sizes[i] === b.sizes[j] &&
    a.mtimesNs[i] === b.mtimesNs[j] &&
    a.links.get(i) === b.links.get(j) &&
    deviceA?.[0] === deviceB?.[0] &&
    deviceA?.[1] === deviceB?.[1]
  );
}

/**
 * Actions that make the listing's tree in an empty folder: files that came are moved there, the
 * others get a second name from the kept tree.
 */
export function actionsAnew(listing: ContextListing, { wanted }: TreeChanges): Uint8Array {
  const actions = new Uint8Array(listing.count).map((_, number) =>
    isPlainFile(listing, number) ? updateActions.link : updateActions.make,
  );
  for (const number of wanted) actions[number] = updateActions.move;
  return actions;
}

/** The listing with the contents that were kept and those that came (32 bytes for each wanted). */
export function completeTree(
  listing: ContextListing,
  { wanted, digests }: TreeChanges,
  received: Uint8Array,
): ContextTree {
  for (const [place, number] of wanted.entries()) {
    const start = place * digestBytes;
    digests.set(received.subarray(start, start + digestBytes), number * digestBytes);
  }
  for (const [number, target] of listing.links) {
    if (isSymlink(listing, number)) continue;
    const start = findInWalk(listing.paths, target) * digestBytes;
    digests.copyWithin(number * digestBytes, start, start + digestBytes);
  }
  // Values were needed once, to be written to the disk.
  return { ...listing, xattrs: new Map(), digests };
}
