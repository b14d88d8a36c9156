import { createHash, type Hash, hash } from 'node:crypto';
import type { ByteStream } from '../../core/index.ts';
import { cleanMemberPath } from '../layer/member-path.ts';
import { memberRole } from '../layer/whiteout.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { createTarParser, type TarHandlers } from '../tar/tar-parser.ts';
import { type Budget, fullBudget, spendMember } from './budget.ts';
import type { LayerTree } from './layer-tree.ts';
import { rootId } from './path-table.ts';

/** Is shown the content of chosen files while a layer is read. */
export interface ContentProbe {
  /** How many bytes from the file's start it wants to see; 0 for none. */
  wantedBytes(path: string, entry: TarEntry): number;
  /** The bytes it wanted, fewer when the file is shorter; a view that lasts as long as the call. */
  take(file: { path: string; node: number; entry: TarEntry }, bytes: Buffer): void;
}

/**
 * Reads a layer's archive, decompressed, once and from start to end into an empty tree. What it
 * keeps grows with the number of members, not with their size. Throws `invalid` for what is no
 * archive, is cut, or holds members that no layer may have.
 */
export async function scanLayer(
  archive: ByteStream,
  {
    tree,
    probe,
    budget = fullBudget(),
  }: { tree: LayerTree; probe?: ContentProbe; budget?: Budget },
): Promise<void> {
  const parser = createTarParser(handlersFor({ tree, probe, budget }));
  for await (const chunk of archive) parser.write(chunk);
  parser.end();
}

function handlersFor({
  tree,
  probe,
  budget,
}: {
  tree: LayerTree;
  probe: ContentProbe | undefined;
  budget: Budget;
}): TarHandlers {
  let node = rootId;
  let path = '';
  let sizeBytes = 0;
  let digest: Buffer | undefined;
  let hasher: Hash | undefined;
  let head: Head | undefined;
  return {
    onEntry(entry) {
      spendMember(budget);
      path = cleanMemberPath(entry.path);
      node = addMember(tree, path, entry);
      if (entry.sizeBytes === 0 || node === rootId) return 'skip';
      sizeBytes = entry.sizeBytes;
      digest = undefined;
      hasher = undefined;
      const wanted = probe?.wantedBytes(path, entry) ?? 0;
      head = wanted > 0 ? { wanted, parts: [], sizeBytes: 0 } : undefined;
      return undefined;
    },
    onData(bytes) {
      if (head) keepHead(head, bytes);
      // Most files come in one piece, for which no hash object has to be made.
      if (bytes.length === sizeBytes) digest = hash('sha256', bytes, 'buffer');
      else {
        hasher ??= createHash('sha256');
        hasher.update(bytes);
      }
    },
    onHole(holeBytes) {
      // Hashing the zeros themselves would let a small archive ask for endless work.
      hasher ??= createHash('sha256');
      hasher.update(`hole of ${holeBytes}`);
    },
    onEnd(entry) {
      const found = hasher?.digest() ?? digest;
      if (found) tree.setDigest(node, found);
      if (head) probe?.take({ path, node, entry }, Buffer.concat(head.parts, head.sizeBytes));
    },
  };
}

interface Head {
  readonly wanted: number;
  readonly parts: Buffer[];
  sizeBytes: number;
}

function keepHead(head: Head, bytes: Buffer): void {
  const taken = Math.min(bytes.length, head.wanted - head.sizeBytes);
  if (taken <= 0) return;
  // Copied, as the bytes are gone with the next write.
  head.parts.push(Buffer.from(bytes.subarray(0, taken)));
  head.sizeBytes += taken;
}

/** The node of the member, or the root for what has none. */
function addMember(tree: LayerTree, path: string, entry: TarEntry): number {
  const { mode, uid, gid, sizeBytes, linkTarget } = entry;
  const role = memberRole(path);
  switch (role.kind) {
    case 'opaque':
      tree.putOpaque(role.path);
      return rootId;
    case 'aufs-metadata':
      tree.sizeBytes += sizeBytes;
      return rootId;
    case 'whiteout':
      tree.put(path, { kind: 'whiteout', mode, uid, gid, sizeBytes, linkTarget });
      return rootId;
    case 'member':
      if (path === '') return rootId;
      return tree.put(path, { kind: entry.type, mode, uid, gid, sizeBytes, linkTarget });
  }
}
