import type { ImageTree } from './image-tree.ts';
import { Stack } from './stack.ts';

/** How well an image uses its bytes, by dive's definitions: the same image gives the same numbers. */
export interface Efficiency {
  /** Sum over paths of the smallest size seen, by the sum of all sizes seen; 1 for an empty image. */
  readonly score: number;
  /** Sizes of all layers' members. */
  readonly sizeBytes: number;
  /** The same without the first layer, which is taken for the base image. */
  readonly userSizeBytes: number;
  /** All sizes of the paths that come at least twice. */
  readonly wastedBytes: number;
  /** Wasted bytes by user bytes; NaN when both are 0, as in dive. */
  readonly userWastedShare: number;
  /** The paths that come at least twice, the most wasteful first. */
  readonly repeated: readonly RepeatedPath[];
}

export interface RepeatedPath {
  /** With a leading slash. */
  readonly path: string;
  readonly count: number;
  readonly sizeBytes: number;
}

/**
 * Each layer counts with its leaves alone. A whiteout counts for the path it hides, with the sum of
 * the hidden directory's sizes, or 0 when it hides a file.
 */
export function efficiencyOf(image: ImageTree): Efficiency {
  const tally = tallyOf(image.paths.count);
  const stack = new Stack(image, { asDive: true });
  for (const { tree, pathOfNode, isLeaf } of image.layers) {
    stack.push({
      onWhiteout(node, { wasDirectory, sizeBytes }) {
        if (isLeaf[node]) tally.add(pathOfNode[node]!, wasDirectory ? sizeBytes : 0);
      },
    });
    for (let node = 1; node < tree.count; node++) {
      if (isLeaf[node] && !tree.isWhiteout(node)) tally.add(pathOfNode[node]!, tree.sizeOf(node));
    }
  }
  const sizes = image.layers.map(({ tree }) => tree.sizeBytes);
  const sizeBytes = sum(sizes);
  const userSizeBytes = sum(sizes.slice(1));
  const repeated = repeatedPaths(image, tally);
  const wastedBytes = sum(repeated.map((path) => path.sizeBytes));
  return {
    score: tally.score(),
    sizeBytes,
    userSizeBytes,
    wastedBytes,
    userWastedShare: wastedBytes / userSizeBytes,
    repeated,
  };
}

interface Tally {
  readonly counts: Uint32Array;
  readonly totals: Float64Array;
  add(path: number, sizeBytes: number): void;
  score(): number;
}

function tallyOf(paths: number): Tally {
  const counts = new Uint32Array(paths);
  const totals = new Float64Array(paths);
  const smallest = new Float64Array(paths).fill(Number.POSITIVE_INFINITY);
  return {
    counts,
    totals,
    add(path, sizeBytes) {
      counts[path]!++;
      totals[path]! += sizeBytes;
      if (sizeBytes < smallest[path]!) smallest[path] = sizeBytes;
    },
    score() {
      let least = 0;
      let all = 0;
      for (let path = 0; path < paths; path++) {
        if (counts[path] === 0) continue;
        least += smallest[path]!;
        all += totals[path]!;
      }
      return all === 0 ? 1 : least / all;
    },
  };
}

function repeatedPaths({ paths }: ImageTree, { counts, totals }: Tally): RepeatedPath[] {
  const ids: number[] = [];
  for (let path = 0; path < counts.length; path++) if (counts[path]! > 1) ids.push(path);
  ids.sort((a, b) => totals[b]! - totals[a]!);
  return ids.map((id) => ({
    path: `/${paths.pathOf(id)}`,
    count: counts[id]!,
    sizeBytes: totals[id]!,
  }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
