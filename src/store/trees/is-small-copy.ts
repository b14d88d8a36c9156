import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const most = { entries: 60, bytes: 2 ** 20 };

/** Whether a folder is gone through within a few milliseconds; looks at no more files than that. */
export function isSmallTree(directory: string): boolean {
  return isSmallCopy({ sourceRoot: directory, items: [{ sourcePath: '' }] });
}

/** Whether a copy is done within a few milliseconds; looks at no more files than that. */
export function isSmallCopy(request: {
  sourceRoot: string;
  items: readonly { sourcePath: string; shallow?: boolean }[];
}): boolean {
  let entriesLeft = most.entries;
  let bytesLeft = most.bytes;
  const pending = request.items.map(({ sourcePath }) => join(request.sourceRoot, sourcePath));
  if (pending.length > entriesLeft) return false;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) continue;
    bytesLeft -= stat.isFile() ? stat.size : 0;
    if (--entriesLeft < 0 || bytesLeft < 0) return false;
    if (!stat.isDirectory()) continue;
    const names = readdirSync(path);
    if (names.length > entriesLeft) return false;
    for (const name of names) pending.push(join(path, name));
  }
  return true;
}
