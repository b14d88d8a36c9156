import type { TarEntryType } from '../tar/tar-entry.ts';
import { withRoom } from './growable.ts';
import { PathTable, rootId } from './path-table.ts';
import { TextArena } from './text-arena.ts';

/**
 * What a node of a layer's tree is: a member's type, the whiteout of the path it is named after
 * without `.wh.`, or a directory that only the members in it tell of.
 */
export type NodeKind = TarEntryType | 'whiteout' | 'implied';

const kinds: readonly NodeKind[] = [
  'implied',
  'file',
  'hardlink',
  'symlink',
  'character-device',
  'block-device',
  'directory',
  'fifo',
  'whiteout',
];
const codeOfKind = Object.fromEntries(kinds.map((kind, code) => [kind, code])) as Record<
  NodeKind,
  number
>;
const whiteoutCode = codeOfKind.whiteout;
const directoryCode = codeOfKind.directory;

export const whiteoutPrefix = '.wh.';

/** What a member tells of its node. `digest` is the first 64 bits of its content's SHA-256. */
export interface NodeFacts {
  readonly kind: NodeKind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly linkTarget: string;
}

/** What is kept of each node, a column a fact. */
interface NodeColumns {
  kinds: Uint8Array;
  modes: Uint16Array;
  uids: Uint32Array;
  gids: Uint32Array;
  sizes: Float64Array;
  digestsHigh: Uint32Array;
  digestsLow: Uint32Array;
  linkStarts: Uint32Array;
  linkLengths: Uint16Array;
}

/** The members of one layer as a tree of numbered nodes, whiteouts among them; 0 is the root. */
export class LayerTree {
  readonly paths = new PathTable();
  /** Sum of all members' sizes, a path that comes twice counted twice. */
  sizeBytes = 0;
  /** Directories of which nothing from the layers below is seen. */
  readonly opaque = new Set<number>();
  readonly #nodes = blankNodes(64);
  readonly #links = new TextArena();

  /** The number of nodes, the root included. */
  get count(): number {
    return this.paths.count;
  }

  /** Adds or replaces what stands at a clean path (`.wh.` included for whiteouts). */
  put(path: string, facts: NodeFacts): number {
    const id = this.paths.add(path);
    this.#makeRoom();
    this.sizeBytes += facts.sizeBytes;
    if (id === rootId) return id;
    this.#nodes.kinds[id] = codeOfKind[facts.kind];
    this.#nodes.modes[id] = facts.mode;
    this.#nodes.uids[id] = facts.uid;
    this.#nodes.gids[id] = facts.gid;
    this.#nodes.sizes[id] = facts.sizeBytes;
    this.#nodes.digestsHigh[id] = 0;
    this.#nodes.digestsLow[id] = 0;
    this.#nodes.linkLengths[id] = Math.min(facts.linkTarget.length, 0xffff);
    if (facts.linkTarget !== '') {
      this.#nodes.linkStarts[id] = this.#links.add(
        facts.linkTarget,
        0,
        this.#nodes.linkLengths[id],
      );
    }
    return id;
  }

  /** Marks the directory at a clean path as hiding all that lies below it. */
  putOpaque(path: string): void {
    this.opaque.add(this.paths.add(path));
    this.#makeRoom();
  }

  setDigest(id: number, digest: Buffer): void {
    this.#nodes.digestsHigh[id] = digest.readUInt32BE(0);
    this.#nodes.digestsLow[id] = digest.readUInt32BE(4);
  }

  kindOf(id: number): NodeKind {
    return kinds[this.#nodes.kinds[id]!]!;
  }

  isWhiteout(id: number): boolean {
    return this.#nodes.kinds[id] === whiteoutCode;
  }

  /** Whether it is a directory, be it told of or implied. */
  isDirectory(id: number): boolean {
    const code = this.#nodes.kinds[id];
    return code === directoryCode || code === 0;
  }

  modeOf(id: number): number {
    return this.#nodes.modes[id]!;
  }

  uidOf(id: number): number {
    return this.#nodes.uids[id]!;
  }

  gidOf(id: number): number {
    return this.#nodes.gids[id]!;
  }

  sizeOf(id: number): number {
    return this.#nodes.sizes[id]!;
  }

  linkOf(id: number): string {
    return this.#links.text(this.#nodes.linkStarts[id]!, this.#nodes.linkLengths[id]!);
  }

  /** The first 64 bits of the content's SHA-256 in hex; zeros for what has none. */
  digestOf(id: number): string {
    const hex = (value: number) => value.toString(16).padStart(8, '0');
    return hex(this.#nodes.digestsHigh[id]!) + hex(this.#nodes.digestsLow[id]!);
  }

  sameContent(id: number, other: LayerTree, otherId: number): boolean {
    return (
      this.#nodes.kinds[id] === other.#nodes.kinds[otherId] &&
      this.#nodes.sizes[id] === other.#nodes.sizes[otherId] &&
      this.#nodes.digestsHigh[id] === other.#nodes.digestsHigh[otherId] &&
      this.#nodes.digestsLow[id] === other.#nodes.digestsLow[otherId] &&
      (this.#nodes.linkLengths[id] === 0 || this.linkOf(id) === other.linkOf(otherId))
    );
  }

  sameOwnerAndMode(id: number, other: LayerTree, otherId: number): boolean {
    return (
      this.#nodes.modes[id] === other.#nodes.modes[otherId] &&
      this.#nodes.uids[id] === other.#nodes.uids[otherId] &&
      this.#nodes.gids[id] === other.#nodes.gids[otherId]
    );
  }

  #makeRoom(): void {
    const { count } = this.paths;
    if (count <= this.#nodes.kinds.length) return;
    const larger = Object.entries(this.#nodes).map(([name, column]) => [
      name,
      withRoom(column, count),
    ]);
    Object.assign(this.#nodes, Object.fromEntries(larger));
  }
}

function blankNodes(count: number): NodeColumns {
  return {
    kinds: new Uint8Array(count),
    modes: new Uint16Array(count),
    uids: new Uint32Array(count),
    gids: new Uint32Array(count),
    sizes: new Float64Array(count),
    digestsHigh: new Uint32Array(count),
    digestsLow: new Uint32Array(count),
    linkStarts: new Uint32Array(count),
    linkLengths: new Uint16Array(count),
  };
}
