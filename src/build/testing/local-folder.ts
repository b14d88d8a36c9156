import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createIgnoreMatcher } from '../../dockerfile/index.ts';
import { compareWalk } from '../context/kept/walk-order.ts';
import type { FilePiece, RemoteEntry, RemoteFolder } from '../remote-folder.ts';

export interface LocalFolder extends RemoteFolder {
  /** Paths whose contents were asked for, in all exchanges so far. */
  readonly asked: string[];
  /** What each exchange chose. */
  readonly choices: { exclude: readonly string[]; only?: readonly string[] }[];
}

export interface LocalFolderOptions {
  /** Changes the listing before it is given. */
  readonly lie?: (entries: RemoteEntry[]) => RemoteEntry[];
  readonly pieces?: (path: string, bytes: Buffer) => FilePiece[];
}

/** A folder of this machine as if it were a client's. */
export function localFolder(
  root: string,
  key: string,
  { lie = (entries) => entries, pieces = onePiece }: LocalFolderOptions = {},
): LocalFolder {
  const asked: string[] = [];
  const choices: LocalFolder['choices'] = [];
  return {
    key,
    asked,
    choices,
    async open(choice) {
      choices.push(choice);
      const ignored = createIgnoreMatcher(choice.exclude);
      const chosen = listed(root).filter(({ path, type }) => {
        if (choice.only) return choice.only.includes(path);
        return !ignored.ignores(path) || (type === 'directory' && ignored.hasNegations);
      });
      return {
        entries: batches(lie(chosen), 3),
        async *read(paths) {
          asked.push(...paths);
          for (const path of paths) yield pieces(path, readFileSync(join(root, path)));
        },
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}

function onePiece(path: string, bytes: Buffer): FilePiece[] {
  return [{ path, bytes, isLast: true }];
}

async function* batches<T>(items: readonly T[], size: number): AsyncIterable<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

function listed(root: string): RemoteEntry[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const inodes = new Map<number, string>();
  return names.sort(compareWalk).map((path): RemoteEntry => {
    const stat = lstatSync(join(root, path), { bigint: true });
    const type = stat.isSymbolicLink() ? 'symlink' : stat.isDirectory() ? 'directory' : 'file';
    const first = type === 'file' && stat.nlink > 1n ? inodes.get(Number(stat.ino)) : undefined;
    inodes.set(Number(stat.ino), first ?? path);
    return {
      path,
      type,
      mode: Number(stat.mode) & 0o7777,
      uid: 0,
      gid: 0,
      sizeBytes: Number(stat.size),
      mtimeNs: stat.mtimeNs,
      linkTarget: type === 'symlink' ? readlinkSync(join(root, path)) : (first ?? ''),
      deviceMajor: 0,
      deviceMinor: 0,
      xattrs: {},
    };
  });
}
