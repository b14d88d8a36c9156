import { createWriteStream } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errnoCode, invalid } from '../../core/index.ts';
import {
  childrenOf,
  type ImageAnalysis,
  type ImageTree,
  linkedFile,
  type PlacedLayer,
} from '../../image/analysis/index.ts';
import {
  cleanMemberPath,
  type Image,
  layerArchive,
  memberBytes,
  memberRole,
  readTar,
} from '../../image/index.ts';

/** Which node of which layer to take for a path; none for what is not to be taken. */
export type NodeChoice = (path: number) => { layer: number; node: number } | undefined;

export interface ExtractRequest {
  /** A path of the image's tree; a directory stands for all in it. */
  readonly path: number;
  readonly nodeOf: NodeChoice;
  /** Files go below it at the paths they have in the image. */
  readonly folder: string;
}

export interface Extracted {
  readonly files: number;
  readonly sizeBytes: number;
}

/**
 * Writes files of an image below a folder, reading each layer that holds one of them once. Links
 * and devices are left out; a hard link is written as the file it leads to, if that is in its layer.
 * Nothing there is overwritten, and nothing written outside of the folder: `invalid` in both cases.
 */
export async function extractFiles(
  image: Image,
  { tree }: Pick<ImageAnalysis, 'tree'>,
  { path, nodeOf, folder }: ExtractRequest,
): Promise<Extracted> {
  const root = await realpath(folder);
  let files = 0;
  let sizeBytes = 0;
  for (const [index, wanted] of wantedByLayer(tree, path, nodeOf)) {
    const layer = image.layers[index]!;
    const nodes = tree.layers[index]!.tree.paths;
    for await (const { entry, content } of readTar(layerArchive(layer))) {
      if (entry.type !== 'file') continue;
      const member = cleanMemberPath(entry.path);
      const targets =
        memberRole(member).kind === 'member' ? wanted.get(nodes.find(member)) : undefined;
      if (!targets) continue;
      // A member's bytes can be read once; the few others of a hard link are copies of them.
      const parts = targets.length > 1 ? await collected(content()) : content();
      for (const target of targets) {
        await writeBelow(root, target, { content: parts, mode: entry.mode });
        files++;
        sizeBytes += entry.sizeBytes;
      }
    }
  }
  return { files, sizeBytes };
}

/** By layer, the paths to write for each of its nodes. */
function wantedByLayer(
  tree: ImageTree,
  path: number,
  nodeOf: NodeChoice,
): Map<number, Map<number, string[]>> {
  const wanted = new Map<number, Map<number, string[]>>();
  const pending = [path];
  while (pending.length > 0) {
    const at = pending.pop()!;
    const found = nodeOf(at);
    if (!found) continue;
    const { tree: nodes } = tree.layers[found.layer]!;
    if (nodes.isDirectory(found.node)) pending.push(...childrenOf(tree, at));
    const node = fileAt(nodes, found.node);
    if (node === undefined) continue;
    const ofLayer = wanted.get(found.layer) ?? new Map<number, string[]>();
    wanted.set(found.layer, ofLayer);
    ofLayer.set(node, [...(ofLayer.get(node) ?? []), tree.paths.pathOf(at)]);
  }
  return wanted;
}

function fileAt(nodes: PlacedLayer['tree'], node: number): number | undefined {
  const kind = nodes.kindOf(node);
  if (kind === 'hardlink') return linkedFile(nodes, node);
  return kind === 'file' ? node : undefined;
}

async function collected(content: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(Buffer.from(part));
  return parts;
}

async function writeBelow(
  root: string,
  path: string,
  file: { content: AsyncIterable<Uint8Array> | Uint8Array[]; mode: number },
): Promise<void> {
  const target = Buffer.concat([Buffer.from(`${root}/`), memberBytes(path)]);
  const folder = Buffer.from(dirname(target.toString('latin1')), 'latin1');
  await mkdir(folder, { recursive: true });
  // A link that stood there before may lead anywhere.
  const inside = relative(root, (await realpath(folder)).toString());
  if (inside === '..' || inside.startsWith('../') || inside.startsWith('/')) {
    throw invalid(`extract ${join('/', path)}: ${join(root, path)} lies outside of ${root}`);
  }
  try {
    const mode = file.mode & 0o111 ? 0o755 : 0o644;
    await pipeline(file.content, createWriteStream(target, { flags: 'wx', mode }));
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error;
    throw invalid(`extract ${join('/', path)}: ${join(root, path)} is there already`, {
      cause: error,
    });
  }
}
