import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IgnoreMatcher, IgnoreWalk } from '../../dockerfile/index.ts';
import type { FileIndex } from './file-index.ts';

const pathsPerTurn = 2000;

/**
 * The paths that ignore rules leave in: those not ignored, and the folders above them. Each folder
 * is judged once, and nothing below a folder that no rule can bring back is looked at. Gives the
 * event loop a turn now and then.
 */
export async function keptByIgnore(index: FileIndex, matcher: IgnoreMatcher): Promise<Set<string>> {
  const kept = new Set<string>();
  const walks = new Map<string, IgnoreWalk | 'pruned'>([['', matcher.walk()]]);

  /** Inside a folder; one the tree does not list is judged like one it does. */
  function inside(folder: string): IgnoreWalk | 'pruned' {
    const known = walks.get(folder);
    if (known) return known;
    const above = inside(folderOf(folder));
    const verdict = above === 'pruned' ? undefined : above.entry(folder);
    const walk = !verdict || verdict.prune ? 'pruned' : verdict.enter();
    walks.set(folder, walk);
    return walk;
  }

  for (const [at, path] of index.paths.entries()) {
    if (at % pathsPerTurn === pathsPerTurn - 1) await nextTurn();
    const walk = inside(folderOf(path));
    if (walk !== 'pruned' && !walk.entry(path).ignored) keep(kept, path);
  }
  return kept;
}

function keep(kept: Set<string>, path: string): void {
  for (let at = path; at !== '' && !kept.has(at); at = folderOf(at)) kept.add(at);
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}
