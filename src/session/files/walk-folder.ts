import {
  type BigIntStats,
  lstatSync,
  readdirSync,
  readlinkSync,
  type PathLike as SystemPath,
} from 'node:fs';
import type { RemoteEntry } from '../../build/index.ts';
import { errnoCode, nameBytes, nameText } from '../../core/index.ts';
import { goFileMode } from './file-mode.ts';
import { compareNames } from './listing-order.ts';
import type { Stat } from './packet.ts';
import type { WantedPaths } from './wanted-paths.ts';

/** Patterns as in `.dockerignore`, asked on a walk from the top. */
export interface PathPatterns {
  walk(): PatternWalk;
}

export interface PatternWalk {
  entry(path: string): {
    readonly ignored: boolean;
    /** Of a folder: nothing below it can be wanted. */
    readonly prune: boolean;
    enter(): PatternWalk;
  };
}

export interface WalkOptions {
  readonly root: string;
  readonly excluded: PathPatterns;
  /** Paths to keep to; all when absent. */
  readonly wanted?: WantedPaths;
  /** Owners as they are; else everything is root's, as a context is. */
  readonly keepsOwners: boolean;
}

/**
 * Entries of a folder in the order of a listing, without sockets. A folder that is left out is
 * listed all the same where something below it is not. What vanishes meanwhile is left out.
 */
export function* walkFolder(options: WalkOptions): Generator<Stat> {
  const links = new Map<string, string>();
  const { excluded, wanted } = options;
  yield* below('', excluded.walk(), wanted);

  function* below(
    folder: string,
    walk: PatternWalk,
    wantedHere: WantedPaths | undefined,
  ): Generator<Stat> {
    for (const name of namesIn(options.root, folder, wantedHere)) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const wantedBelow = wantedHere?.isAll ? undefined : wantedHere?.below.get(name);
      const verdict = walk.entry(path);
      if (verdict.prune) continue;
      const stat = statOf(options, path, links);
      if (!stat) continue;
      if (!isDirectory(stat)) {
        if (!verdict.ignored) yield stat;
      } else if (verdict.ignored) {
        // Its own entry comes only with the first that is wanted in it.
        let isListed = false;
        for (const inner of below(path, verdict.enter(), wantedBelow)) {
          if (!isListed) yield stat;
          isListed = true;
          yield inner;
        }
      } else {
        yield stat;
        yield* below(path, verdict.enter(), wantedBelow);
      }
    }
  }
}

function namesIn(root: string, folder: string, wanted: WantedPaths | undefined): string[] {
  if (wanted && !wanted.isAll) return [...wanted.below.keys()].sort(compareNames);
  try {
    return listNames(systemPath(root, folder)).sort(compareNames);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function listNames(path: SystemPath): string[] {
  const names = readdirSync(path);
  // A name that is no UTF-8 shows as this; then all are read again as bytes.
  if (!names.some((name) => name.includes('\ufffd'))) return names;
  return readdirSync(path, { encoding: 'buffer' }).map((name) => nameText(name, 0, name.length));
}

/** Where an entry stands on this machine. */
export function systemPath(root: string, path: string): SystemPath {
  const whole = path === '' ? root : `${root}/${path}`;
  return whole.isWellFormed() ? whole : nameBytes(whole);
}

function isDirectory({ mode }: Stat): boolean {
  return mode >= 2 ** 31;
}

function statOf(
  { root, keepsOwners }: WalkOptions,
  path: string,
  links: Map<string, string>,
): Stat | undefined {
  const fullPath = systemPath(root, path);
  const found = lstatSync(fullPath, { bigint: true, throwIfNoEntry: false });
  const type = found && typeOf(found);
  if (!found || !type) return undefined;
  const isDevice = type === 'character-device' || type === 'block-device';
  return {
    path,
    mode: goFileMode(type, Number(found.mode & 0o7777n)),
    uid: keepsOwners ? Number(found.uid) : 0,
    gid: keepsOwners ? Number(found.gid) : 0,
    sizeBytes: type === 'file' ? Number(found.size) : 0,
    mtimeNs: found.mtimeNs,
    linkTarget: linkTargetOf(type, { found, fullPath, path, links }),
    deviceMajor: isDevice
      ? Number(((found.rdev >> 8n) & 0xfffn) | ((found.rdev >> 32n) & ~0xfffn))
      : 0,
    deviceMinor: isDevice ? Number((found.rdev & 0xffn) | ((found.rdev >> 12n) & 0xffffff00n)) : 0,
    xattrs: {},
  };
}

function linkTargetOf(
  type: RemoteEntry['type'],
  of: { found: BigIntStats; fullPath: SystemPath; path: string; links: Map<string, string> },
): string {
  const { found, fullPath, path, links } = of;
  if (type === 'symlink') {
    const target = readlinkSync(fullPath, { encoding: 'buffer' });
    return nameText(target, 0, target.length);
  }
  if (type !== 'file' || found.nlink < 2n) return '';
  const inode = `${found.dev}:${found.ino}`;
  const first = links.get(inode);
  if (first === undefined) links.set(inode, path);
  return first ?? '';
}

function typeOf(stat: BigIntStats): RemoteEntry['type'] | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return 'character-device';
  if (stat.isBlockDevice()) return 'block-device';
  return undefined;
}
