import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { PathPatterns } from './walk-folder.ts';

/** Paths as a tree: of a folder, everything or some names only. */
export interface WantedPaths {
  isAll: boolean;
  readonly below: Map<string, WantedPaths>;
}

/** Links of a path that are followed before it counts as a circle. */
const mostLinks = 255;

/**
 * The tree of these paths and, where links stand on the way, of what they lead to, as seen with
 * `root` as the root. Names may hold wildcards, for which `compile` makes a matcher. What is not
 * there is left out.
 */
export function followPaths(
  root: string,
  paths: readonly string[],
  compile: (patterns: readonly string[]) => PathPatterns,
): WantedPaths {
  const tree: WantedPaths = { isAll: false, below: new Map() };
  for (const path of paths) follow(path, { literal: 0, linksLeft: mostLinks });
  return tree;

  /** Of the path's names, the first `literal` ones hold no wildcards, whatever they look like. */
  function follow(
    written: string,
    { literal, linksLeft }: { literal: number; linksLeft: number },
  ): void {
    const names = posix.join('/', written).split('/').filter(Boolean);
    let node = tree;
    let at = '';
    for (const [index, name] of names.entries()) {
      if (index >= literal && /[*?[\\]/.test(name)) {
        for (const found of matching(at, name)) {
          const rest = names.slice(index + 1);
          follow([at, found, ...rest].join('/'), { literal: index + 1, linksLeft });
        }
        return;
      }
      at = at === '' ? name : `${at}/${name}`;
      const stat = lstatSync(`${root}/${at}`, { throwIfNoEntry: false });
      if (!stat) return;
      node = child(node, name);
      if (!stat.isSymbolicLink()) continue;
      // The link itself is wanted too, whatever it leads to.
      node.isAll = true;
      if (linksLeft > 0) {
        const target = readlinkSync(`${root}/${at}`);
        const resolved = target.startsWith('/')
          ? target
          : posix.join('/', posix.dirname(at), target);
        const literal = posix.join('/', resolved).split('/').filter(Boolean).length;
        const rest = names.slice(index + 1);
        follow([resolved, ...rest].join('/'), { literal, linksLeft: linksLeft - 1 });
      }
      return;
    }
    node.isAll = true;
  }

  function matching(folder: string, pattern: string): string[] {
    const walk = compile([pattern]).walk();
    return readdirSync(`${root}/${folder}`).filter((name) => walk.entry(name).ignored);
  }
}

function child(node: WantedPaths, name: string): WantedPaths {
  const found = node.below.get(name) ?? { isAll: false, below: new Map() };
  node.below.set(name, found);
  return found;
}
