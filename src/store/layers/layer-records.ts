import { type Digest, digestOf, notFound } from '../../core/index.ts';
import type { Compression } from '../../image/index.ts';
import type { Database } from '../database.ts';
import type { LayerBlob, LayerIndex } from '../images/layer-index.ts';
import type { ChainId, CommittedLayer } from '../snapshots/snapshots.ts';

/** A layer's directory, by its number; several stacks may share it. */
export interface LayerRecord {
  readonly number: number;
  readonly diffId: Digest;
  readonly sizeBytes: number;
  /** Hides all that lies below it. */
  readonly isOpaque: boolean;
  /** Made here: its archive is written anew from its files. Otherwise its blob is what it came from. */
  readonly isBuilt: boolean;
  /** How that archive is written. */
  readonly withRoot: boolean;
  readonly epochS?: number;
}

export interface ChainRecord {
  readonly chain: ChainId;
  readonly parent: ChainRecord | null;
  readonly layer: LayerRecord;
  /** Layers up to and including this one. */
  readonly depth: number;
}

const migrations = [
  `CREATE TABLE layers (
     number INTEGER PRIMARY KEY, diff_id TEXT NOT NULL, size_bytes INTEGER NOT NULL,
     is_opaque INTEGER NOT NULL, is_built INTEGER NOT NULL, with_root INTEGER NOT NULL,
     epoch_s INTEGER, unsynced_boot TEXT) STRICT;
   CREATE TABLE chains (
     chain TEXT PRIMARY KEY, parent TEXT REFERENCES chains (chain),
     layer INTEGER NOT NULL REFERENCES layers (number)) STRICT;
   CREATE INDEX chains_by_parent ON chains (parent);
   CREATE INDEX chains_by_layer ON chains (layer);
   CREATE TABLE layer_blobs (
     diff_id TEXT NOT NULL, digest TEXT NOT NULL, compression TEXT NOT NULL,
     size_bytes INTEGER NOT NULL, PRIMARY KEY (diff_id, digest)) STRICT;
   CREATE TABLE snapshots (
     id TEXT PRIMARY KEY, parent TEXT REFERENCES chains (chain)) STRICT;`,
  `CREATE TABLE layer_links (layer INTEGER PRIMARY KEY, inodes BLOB NOT NULL) STRICT;`,
];

/** The ChainID of image-spec config.md. */
export function chainIdOf(parent: ChainId | null, diffId: Digest): ChainId {
  return parent === null ? diffId : digestOf(`${parent} ${diffId}`);
}

/**
 * Layers, stacks and writable snapshots as the database knows them; reads come from memory. What a
 * method wrote survives a crash of the daemon. After a crash of the machine, layers whose files may
 * not have reached the disk are dropped when the records are opened.
 */
export class LayerRecords implements LayerIndex {
  readonly #database: Database;
  readonly #bootId: string;
  readonly #layers = new Map<number, LayerRecord>();
  readonly #chains = new Map<ChainId, ChainRecord>();
  /** How many stacks each layer is on, and how many layers have each content. */
  readonly #stacksOf = new Map<number, number>();
  readonly #byDiffId = new Map<Digest, number>();
  readonly #children = new Map<ChainId, number>();
  readonly #snapshots = new Map<string, ChainId | null>();
  readonly #transient = new Set<string>();
  readonly #unsynced = new Set<number>();
  readonly #usedAtMs = new Map<ChainId, number>();
  readonly #now: () => number;

  constructor(database: Database, bootId: string, now = Date.now) {
    this.#database = database;
    this.#now = now;
    this.#bootId = bootId;
    database.migrate('layers', migrations);
    this.#dropUnsynced();
    this.#load();
  }

  /** The stack, which from now on counts as used: its asker may be about to refer to it. */
  get(chain: ChainId): ChainRecord | undefined {
    const record = this.#chains.get(chain);
    if (record) this.#usedAtMs.set(chain, this.#now());
    return record;
  }

  /** As `get`, for who looks without a purpose. */
  peek(chain: ChainId): ChainRecord | undefined {
    return this.#chains.get(chain);
  }

  /** When the stack was made or asked for in this process; 0 for never. */
  usedAtMs(chain: ChainId): number {
    return this.#usedAtMs.get(chain) ?? 0;
  }

  /** As `get`; throws `not-found`. */
  require(chain: ChainId): ChainRecord {
    return this.get(chain) ?? this.#known(chain);
  }

  layer(chain: ChainId): CommittedLayer | undefined {
    const record = this.#chains.get(chain);
    return record && committedLayer(record);
  }

  chains(): IterableIterator<ChainRecord> {
    return this.#chains.values();
  }

  hasLayer(number: number): boolean {
    return this.#layers.has(number);
  }

  lastNumber(): number {
    return [...this.#layers.keys()].reduce((most, number) => Math.max(most, number), 0);
  }

  /**
   * Records a new layer on top of a stack. Its directory is in place by now; `linkedInodes` are those
   * of its files that have names elsewhere, too.
   */
  add(
    layer: LayerRecord,
    parent: ChainId | null,
    linkedInodes: Float64Array = new Float64Array(),
  ): ChainRecord {
    const chain = chainIdOf(parent, layer.diffId);
    this.#database.transaction(() => {
      this.#run(
        'INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        layer.number,
        layer.diffId,
        layer.sizeBytes,
        Number(layer.isOpaque),
        Number(layer.isBuilt),
        Number(layer.withRoot),
        layer.epochS ?? null,
        this.#bootId,
      );
      this.#run('INSERT INTO chains VALUES (?, ?, ?)', chain, parent, layer.number);
      if (linkedInodes.length > 0) {
        const bytes = new Uint8Array(linkedInodes.buffer);
        this.#run('INSERT OR REPLACE INTO layer_links VALUES (?, ?)', layer.number, bytes);
      }
    });
    this.#layers.set(layer.number, layer);
    this.#unsynced.add(layer.number);
    this.#usedAtMs.set(chain, this.#now());
    return this.#remember(chain, parent, layer);
  }

  /** Puts a layer that is there on one more stack; idempotent. */
  share(layer: LayerRecord, parent: ChainId | null): ChainRecord {
    const chain = chainIdOf(parent, layer.diffId);
    const existing = this.get(chain);
    if (existing) return existing;
    this.#run('INSERT INTO chains VALUES (?, ?, ?)', chain, parent, layer.number);
    this.#usedAtMs.set(chain, this.#now());
    return this.#remember(chain, parent, layer);
  }

  /** Inodes that files of the layer, or with `isStack` of all of a stack's, share with others. */
  linkedInodes(chain: ChainRecord | null, { isStack = false } = {}): number[] {
    const find = this.#database.sqlite.prepare('SELECT inodes FROM layer_links WHERE layer = ?');
    const found: number[] = [];
    for (let record = chain; record; record = isStack ? record.parent : null) {
      const inodes = find.get(record.layer.number)?.inodes as Uint8Array | undefined;
      if (inodes) found.push(...new Float64Array(new Uint8Array(inodes).buffer));
    }
    return found;
  }

  isInUse(chain: ChainId): boolean {
    if ((this.#children.get(chain) ?? 0) > 0) return true;
    for (const parent of this.#snapshots.values()) if (parent === chain) return true;
    return false;
  }

  /** Forgets a stack nothing stands on; gives the layer, when no other stack has it. */
  remove(chain: ChainId): LayerRecord | undefined {
    const { layer, parent } = this.#known(chain);
    const isShared = this.#stacksOf.get(layer.number)! > 1;
    this.#database.transaction(() => {
      this.#run('DELETE FROM chains WHERE chain = ?', chain);
      if (!isShared) this.#run('DELETE FROM layers WHERE number = ?', layer.number);
      if (!isShared) this.#run('DELETE FROM layer_links WHERE layer = ?', layer.number);
    });
    this.#chains.delete(chain);
    this.#usedAtMs.delete(chain);
    if (parent) count(this.#children, parent.chain, -1);
    count(this.#stacksOf, layer.number, -1);
    if (isShared) return undefined;
    count(this.#byDiffId, layer.diffId, -1);
    this.#layers.delete(layer.number);
    this.#unsynced.delete(layer.number);
    return layer;
  }

  /** Numbers of layers whose files may not be on disk yet. */
  unsynced(): number[] {
    return [...this.#unsynced];
  }

  markSynced(numbers: readonly number[]): void {
    this.#database.transaction(() => {
      for (const number of numbers) {
        this.#run('UPDATE layers SET unsynced_boot = NULL WHERE number = ?', number);
        this.#unsynced.delete(number);
      }
    });
  }

  snapshots(): ReadonlyMap<string, ChainId | null> {
    return this.#snapshots;
  }

  /** A transient one is known to this process alone. */
  addSnapshot(id: string, parent: ChainId | null, isTransient = false): void {
    if (isTransient) this.#transient.add(id);
    else this.#run('INSERT INTO snapshots VALUES (?, ?)', id, parent);
    this.#snapshots.set(id, parent);
  }

  isTransient(id: string): boolean {
    return this.#transient.has(id);
  }

  removeSnapshot(id: string): void {
    if (!this.#transient.delete(id)) this.#run('DELETE FROM snapshots WHERE id = ?', id);
    this.#snapshots.delete(id);
  }

  blobsOf(diffId: Digest): LayerBlob[] {
    const rows = this.#database.sqlite
      .prepare('SELECT digest, compression, size_bytes FROM layer_blobs WHERE diff_id = ?')
      .all(diffId);
    return rows.map((row) => ({
      digest: row.digest as Digest,
      compression: row.compression as Compression,
      sizeBytes: Number(row.size_bytes),
    }));
  }

  /** The layer a blob unpacks to, where that is known. */
  diffIdOf(blob: Digest): Digest | undefined {
    const row = this.#database.sqlite
      .prepare('SELECT diff_id FROM layer_blobs WHERE digest = ?')
      .get(blob);
    return row?.diff_id as Digest | undefined;
  }

  hasDiffId(diffId: Digest): boolean {
    return (this.#byDiffId.get(diffId) ?? 0) > 0;
  }

  /** Remembers that a blob unpacks to a layer; idempotent. */
  addBlob(diffId: Digest, { digest, compression, sizeBytes }: LayerBlob): void {
    const sql = 'INSERT OR REPLACE INTO layer_blobs VALUES (?, ?, ?, ?)';
    this.#run(sql, diffId, digest, compression, sizeBytes);
  }

  /** Whether the blob unpacks to a layer that is on some stack. */
  isBlobOfLayer(digest: Digest): boolean {
    const diffId = this.diffIdOf(digest);
    return diffId !== undefined && this.hasDiffId(diffId);
  }

  forgetBlob(digest: Digest): void {
    this.#run('DELETE FROM layer_blobs WHERE digest = ?', digest);
  }

  #run(sql: string, ...values: (string | number | null | Uint8Array)[]): void {
    this.#database.transaction(() => this.#database.sqlite.prepare(sql).run(...values));
  }

  #remember(chain: ChainId, parent: ChainId | null, layer: LayerRecord): ChainRecord {
    const below = parent === null ? null : this.#known(parent);
    const record = { chain, parent: below, layer, depth: (below?.depth ?? 0) + 1 };
    this.#chains.set(chain, record);
    if (parent !== null) count(this.#children, parent, 1);
    count(this.#stacksOf, layer.number, 1);
    if (this.#stacksOf.get(layer.number) === 1) count(this.#byDiffId, layer.diffId, 1);
    return record;
  }

  #known(chain: ChainId): ChainRecord {
    const record = this.#chains.get(chain);
    if (!record) throw notFound(`find layer ${chain}: no such layer`, { code: 'LAYER_UNKNOWN' });
    return record;
  }

  /** With the stacks that stand on them: whatever named those finds them missing. */
  #dropUnsynced(): void {
    this.#database.transaction(() => {
      const lost = 'SELECT number FROM layers WHERE unsynced_boot <> ?';
      const gone = `WITH RECURSIVE gone (chain) AS (
          SELECT chain FROM chains WHERE layer IN (${lost})
          UNION SELECT chains.chain FROM chains JOIN gone ON chains.parent = gone.chain)`;
      this.#run('PRAGMA defer_foreign_keys = ON');
      this.#run(`${gone} DELETE FROM snapshots WHERE parent IN gone`, this.#bootId);
      this.#run(`${gone} DELETE FROM chains WHERE chain IN gone`, this.#bootId);
      this.#run('DELETE FROM layers WHERE number NOT IN (SELECT layer FROM chains)');
      this.#run('DELETE FROM layer_links WHERE layer NOT IN (SELECT number FROM layers)');
    });
  }

  #load(): void {
    const { sqlite } = this.#database;
    for (const row of sqlite.prepare('SELECT * FROM layers').all()) {
      const number = Number(row.number);
      this.#layers.set(number, {
        number,
        diffId: row.diff_id as Digest,
        sizeBytes: Number(row.size_bytes),
        isOpaque: row.is_opaque === 1,
        isBuilt: row.is_built === 1,
        withRoot: row.with_root === 1,
        ...(row.epoch_s !== null && { epochS: Number(row.epoch_s) }),
      });
      if (row.unsynced_boot !== null) this.#unsynced.add(number);
    }
    const parentsFirst = sqlite.prepare(
      `WITH RECURSIVE found (chain, parent, layer, depth) AS (
         SELECT chain, parent, layer, 1 FROM chains WHERE parent IS NULL
         UNION ALL SELECT c.chain, c.parent, c.layer, depth + 1
           FROM chains c JOIN found ON c.parent = found.chain)
       SELECT chain, parent, layer FROM found ORDER BY depth`,
    );
    for (const { chain, parent, layer } of parentsFirst.all()) {
      const record = this.#layers.get(Number(layer))!;
      this.#remember(chain as ChainId, parent as ChainId | null, record);
    }
    for (const { id, parent } of sqlite.prepare('SELECT id, parent FROM snapshots').all()) {
      this.#snapshots.set(id as string, parent as ChainId | null);
    }
  }
}

export function committedLayer({ chain, parent, layer }: ChainRecord): CommittedLayer {
  const { number, diffId, sizeBytes } = layer;
  return { chain, layer: number, parent: parent?.chain ?? null, diffId, sizeBytes };
}

/** Adds to a count, of which zero is no entry. */
function count<Key>(counts: Map<Key, number>, key: Key, change: number): void {
  const value = (counts.get(key) ?? 0) + change;
  if (value > 0) counts.set(key, value);
  else counts.delete(key);
}
