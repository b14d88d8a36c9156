import { cleanMemberPath } from '../layer/member-path.ts';
import type { PlacedLayer } from './image-tree.ts';

/** A file of a layer with the hard links to it: its bytes are of use as long as one name is seen. */
export interface LinkGroup {
  /** The node that has the bytes. */
  readonly file: number;
  /** Names that no later layer has hidden so far. */
  namesLeft: number;
}

const mostLinks = 8;

/** By node, for the files that have hard links and for those links; all others have no entry. */
export function linkGroups({ tree }: PlacedLayer): ReadonlyMap<number, LinkGroup> {
  const groups = new Map<number, LinkGroup>();
  for (let node = 1; node < tree.count; node++) {
    if (tree.kindOf(node) !== 'hardlink') continue;
    const file = linkedFile(tree, node);
    if (file === undefined) continue;
    let group = groups.get(file);
    if (!group) {
      group = { file, namesLeft: 1 };
      groups.set(file, group);
    }
    group.namesLeft++;
    groups.set(node, group);
  }
  return groups;
}

/**
 * The node of the file that a hard link leads to, through other links too; undefined when that is no
 * file of the layer.
 */
export function linkedFile(tree: PlacedLayer['tree'], link: number): number | undefined {
  let node = link;
  for (let links = 0; links < mostLinks; links++) {
    const target = targetOf(tree.linkOf(node));
    node = target === undefined ? -1 : tree.paths.find(target);
    if (node <= 0) return undefined;
    const kind = tree.kindOf(node);
    if (kind !== 'hardlink') return kind === 'file' ? node : undefined;
  }
  return undefined;
}

function targetOf(link: string): string | undefined {
  try {
    return cleanMemberPath(link);
  } catch {
    return undefined; // It leads out of the image, so to no file of the layer.
  }
}
