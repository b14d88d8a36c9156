import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage, type SampleMember } from '../../../test/contract/sample-layers.ts';
import { analyzeImage } from './analyze-image.ts';

/**
 * dive's reckoning once more, in the plainest way: trees of objects, and all layers below stacked
 * anew for each whiteout. The real one has to give the same numbers for any image.
 */
interface Node {
  sizeBytes: number;
  isDirectory: boolean;
  children: Map<string, Node>;
}

const blank = (): Node => ({ sizeBytes: 0, isDirectory: false, children: new Map() });

function put(root: Node, path: string, facts: { sizeBytes: number; isDirectory: boolean }): void {
  let node = root;
  for (const name of path.split('/')) {
    let child = node.children.get(name);
    if (!child) {
      if (name.startsWith('.wh..wh.')) return;
      child = blank();
      node.children.set(name, child);
    }
    node = child;
  }
  Object.assign(node, facts);
}

/** Children before their parent, by name. */
function* nodesOf(node: Node, path = ''): Generator<[path: string, node: Node]> {
  for (const name of [...node.children.keys()].sort()) {
    const child = node.children.get(name)!;
    const at = path === '' ? name : `${path}/${name}`;
    yield* nodesOf(child, at);
    yield [at, child];
  }
}

const hiddenBy = (path: string) => /^(.*?)\.wh\.([^/]*)$/.exec(path)?.slice(1).join('');

function parentOf(root: Node, path: string): Node | undefined {
  const names = path.split('/').slice(0, -1);
  return names.reduce<Node | undefined>((node, name) => node?.children.get(name), root);
}

function stacked(layers: readonly Node[]): Node {
  const root = blank();
  for (const layer of layers) {
    for (const [path, { sizeBytes, isDirectory }] of nodesOf(layer)) {
      const hidden = hiddenBy(path);
      if (hidden === undefined) put(root, path, { sizeBytes, isDirectory });
      else parentOf(root, hidden)?.children.delete(hidden.slice(hidden.lastIndexOf('/') + 1));
    }
  }
  return root;
}

function sizeHidden(below: readonly Node[], path: string): number {
  const node = parentOf(stacked(below), path)?.children.get(path.slice(path.lastIndexOf('/') + 1));
  if (!node?.isDirectory) return 0;
  return [...nodesOf(node)].reduce((sum, [, one]) => sum + one.sizeBytes, node.sizeBytes);
}

function reckon(layers: readonly Node[]): { score: number; repeated: Map<string, string> } {
  const seen = new Map<string, number[]>();
  layers.forEach((layer, index) => {
    for (const [path, node] of nodesOf(layer)) {
      if (node.children.size > 0) continue;
      const hidden = hiddenBy(path);
      const sizeBytes =
        hidden === undefined ? node.sizeBytes : sizeHidden(layers.slice(0, index), hidden);
      const sizes = seen.get(hidden ?? path);
      if (sizes) sizes.push(sizeBytes);
      else seen.set(hidden ?? path, [sizeBytes]);
    }
  });
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
  const least = sum([...seen.values()].map((sizes) => Math.min(...sizes)));
  const all = sum([...seen.values()].map(sum));
  const repeated = [...seen].filter(([, sizes]) => sizes.length > 1);
  return {
    score: all === 0 ? 1 : least / all,
    repeated: new Map(
      repeated.map(([path, sizes]) => [`/${path}`, `${sizes.length} ${sum(sizes)}`]),
    ),
  };
}

/** The same numbers for the same seed (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

/** A layer of few names, so that layers often meet; whiteouts only of what is named in no sibling. */
function randomLayer(random: (below: number) => number): Record<string, SampleMember> {
  const names = ['a', 'b', 'c'];
  const members: Record<string, SampleMember> = {};
  for (let count = random(6); count >= 0; count--) {
    const path = Array.from({ length: 1 + random(3) }, () => names[random(3)]).join('/');
    const slash = path.lastIndexOf('/') + 1;
    switch (random(6)) {
      case 0:
        members[`${path.slice(0, slash)}.wh.${path.slice(slash)}`] = 0;
        break;
      case 1:
        members[`${path}/`] = '';
        break;
      case 2:
        members[`${path}/.wh..wh..opq`] = 0;
        break;
      case 3:
        members[path] = { type: 'hardlink', linkTarget: 'a' };
        break;
      default:
        members[path] = random(1000);
    }
  }
  return members;
}

function referenceLayer(members: Record<string, SampleMember>): Node {
  const root = blank();
  for (const [path, member] of Object.entries(members)) {
    const sizeBytes = typeof member === 'number' ? member : 0;
    put(root, path.replace(/\/$/, ''), { sizeBytes, isDirectory: path.endsWith('/') });
  }
  return root;
}

test('two thousand random images are reckoned as dive does', async () => {
  for (let seed = 0; seed < 2000; seed++) {
    const random = randomNumbers(seed);
    const layers = Array.from({ length: 1 + random(5) }, () => randomLayer(random));
    const expected = reckon(layers.map(referenceLayer));
    const { efficiency } = await analyzeImage(
      await layeredImage(layers.map((members) => ({ members }))),
    );
    const about = `seed ${seed}: ${JSON.stringify(layers)}`;
    assert.ok(Math.abs(efficiency.score - expected.score) < 1e-12, about);
    const found = efficiency.repeated.map(
      ({ path, count, sizeBytes }) => [path, `${count} ${sizeBytes}`] as const,
    );
    assert.deepEqual(new Map(found), expected.repeated, about);
  }
});
