import { invalid } from '../../core/index.ts';

const longestNameBytes = 255;
const longestPathBytes = 4096;

/**
 * Checks that a listing is what a walk of a folder gives: clean relative paths, no name twice, each
 * directory before what is in it, names in the order of their bytes. Throws `invalid`, naming the
 * path.
 */
export function createListingOrder(): (path: string, isDirectory: boolean) => void {
  /** The directory the walk is in: its prefix with slash, and the last name seen there. */
  const open: { prefix: string; last: string }[] = [{ prefix: '', last: '' }];
  return (path, isDirectory) => {
    checkPath(path);
    const slash = path.lastIndexOf('/') + 1;
    while (open.length > 1 && open.at(-1)!.prefix.length > slash) open.pop();
    const directory = open.at(-1)!;
    if (directory.prefix.length !== slash || !path.startsWith(directory.prefix)) {
      throw refusal(path, 'its folder was not listed before it');
    }
    const name = path.slice(slash);
    if (compareNames(name, directory.last) <= 0) {
      throw refusal(path, `it comes after ${shown(directory.prefix + directory.last)}`);
    }
    directory.last = name;
    if (isDirectory) open.push({ prefix: `${path}/`, last: '' });
  };
}

function checkPath(path: string): void {
  if (path === '') throw refusal(path, 'it is empty');
  if (path.includes('\0')) throw refusal(path, 'it holds a zero byte');
  if (path.startsWith('/')) throw refusal(path, 'it is absolute');
  // Three bytes of UTF-8 at most for each unit of a string.
  const mayBeLong = path.length * 3 > longestNameBytes;
  if (mayBeLong && Buffer.byteLength(path) > longestPathBytes)
    throw refusal(path, 'it is too long');
  for (const name of path.split('/')) {
    if (name === '' || name === '.' || name === '..') throw refusal(path, 'it is not clean');
    if (mayBeLong && Buffer.byteLength(name) > longestNameBytes) {
      throw refusal(path, 'a name in it is too long');
    }
  }
}

/** Order of the bytes of two names, as Go compares strings. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [unitA, unitB] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (unitA === unitB) continue;
    // UTF-16 puts surrogates, that is all beyond U+FFFF, before U+E000; UTF-8 does not.
    if (unitA >= 0xd800 && unitB >= 0xd800) return Buffer.compare(Buffer.from(a), Buffer.from(b));
    return unitA - unitB;
  }
  return a.length - b.length;
}

function refusal(path: string, reason: string) {
  return invalid(`read folder: the client lists ${shown(path)}: ${reason}`, {
    code: 'LISTING_INVALID',
  });
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 300));
}
