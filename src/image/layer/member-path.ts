import { invalid } from '../../core/index.ts';
import { memberBytes, quoteMember } from '../tar/member-text.ts';

/** What Linux takes: NAME_MAX, and PATH_MAX without its NUL. */
const longestNameBytes = 255;
const longestPathBytes = 4095;
const needsCleaning = /(?:^|\/)\.{0,2}(?:\/|$)/;

/**
 * Where a member of a layer belongs, relative to the image's root: no slash at either end, no `.`
 * or `..` or empty part; '' is the root itself. As in Docker, absolute names are taken from the
 * root. Throws `invalid` for a name that climbs above it, is empty or holds a NUL, or that Linux
 * could not keep. Links on the way are not looked at: who unpacks must not follow them.
 */
export function cleanMemberPath(raw: string): string {
  if (raw === '') throw invalid('read layer: a member has an empty name');
  if (raw.includes('\0')) throw invalid(`read layer: name ${quoteMember(raw)} holds a NUL`);
  const path = needsCleaning.test(raw) ? cleaned(raw) : raw;
  refuseTooLong(path);
  return path;
}

function cleaned(raw: string): string {
  const parts: string[] = [];
  for (const part of raw.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) {
      throw invalid(`read layer: ${quoteMember(raw)} is outside of the image's root`);
    }
  }
  return parts.join('/');
}

function refuseTooLong(path: string): void {
  // A UTF-16 unit takes three bytes at most, so most paths need no counting.
  if (path.length * 3 <= longestNameBytes) return;
  if (memberBytes(path).length > longestPathBytes) {
    throw invalid(`read layer: name ${quoteMember(path)} is longer than ${longestPathBytes} bytes`);
  }
  for (const part of path.split('/')) {
    if (part.length * 3 > longestNameBytes && memberBytes(part).length > longestNameBytes) {
      const where = quoteMember(part);
      throw invalid(`read layer: name part ${where} is longer than ${longestNameBytes} bytes`);
    }
  }
}
