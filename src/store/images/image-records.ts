import {
  type Digest,
  errorKind,
  formatReference,
  parseReference,
  type Reference,
} from '../../core/index.ts';
import { chainIds, type ImageConfig, parseImageConfig } from '../../image/index.ts';
import type { Database } from '../database.ts';
import type { ChainId } from '../snapshots/snapshots.ts';

/** An image as the database knows it, its configuration read. */
export interface ImageRecord {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly rawConfig: Uint8Array;
  /** Its stacks, from the lowest layer up. */
  readonly chains: readonly ChainId[];
  readonly parent?: Digest;
  readonly lastTaggedAtMs?: number;
}

/** A manifest an image was pulled, loaded or pushed with; its bytes are in the content store. */
export interface ManifestRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

const migrations = [
  `CREATE TABLE images (id TEXT PRIMARY KEY, parent TEXT, tagged_at_ms INTEGER) STRICT;
   CREATE TABLE tags (
     reference TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE) STRICT;
   CREATE TABLE repo_digests (
     reference TEXT NOT NULL, image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
     PRIMARY KEY (reference, image)) STRICT;
   CREATE TABLE image_manifests (
     image TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE, digest TEXT NOT NULL,
     media_type TEXT NOT NULL, size_bytes INTEGER NOT NULL, PRIMARY KEY (image, digest)) STRICT;`,
];

/** Images and their names; reads come from memory, each write is durable when its method returns. */
export class ImageRecords {
  readonly #database: Database;
  readonly #images = new Map<Digest, ImageRecord>();
  /** Canonical name to image, in the order the names were given. */
  readonly #tags = new Map<string, Digest>();
  /** How many images each stack belongs to. */
  readonly #usersOf = new Map<ChainId, number>();

  private constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Reads all images; `readConfig` gives a configuration blob's bytes, or undefined where it is lost,
   * and `has` tells whether a stack is there. An image that lost either is forgotten, as is one whose
   * configuration cannot be read any more.
   */
  static async open(
    database: Database,
    stored: {
      readConfig: (id: Digest) => Promise<Uint8Array | undefined>;
      has: (chain: ChainId) => Promise<boolean>;
    },
  ): Promise<ImageRecords> {
    database.migrate('images', migrations);
    const records = new ImageRecords(database);
    const { sqlite } = database;
    for (const row of sqlite.prepare('SELECT * FROM images').all()) {
      const id = row.id as Digest;
      const rawConfig = await stored.readConfig(id);
      const config = rawConfig && readableConfig(rawConfig);
      const chains = chainIds(config?.rootfs.diff_ids ?? []);
      const top = chains.at(-1);
      if (!rawConfig || !config || (top !== undefined && !(await stored.has(top)))) {
        sqlite.prepare('DELETE FROM images WHERE id = ?').run(id);
        continue;
      }
      records.#remember({
        id,
        config,
        rawConfig,
        chains,
        ...(row.parent !== null && { parent: row.parent as Digest }),
        ...(row.tagged_at_ms !== null && { lastTaggedAtMs: Number(row.tagged_at_ms) }),
      });
    }
    for (const row of sqlite.prepare('SELECT * FROM tags ORDER BY rowid').all()) {
      records.#tags.set(row.reference as string, row.image as Digest);
    }
    return records;
  }

  get(id: Digest): ImageRecord | undefined {
    return this.#images.get(id);
  }

  all(): IterableIterator<ImageRecord> {
    return this.#images.values();
  }

  byTag(reference: Reference): Digest | undefined {
    return this.#tags.get(formatReference(reference));
  }

  byRepoDigest(reference: Reference): Digest | undefined {
    const row = this.#database.sqlite
      .prepare('SELECT image FROM repo_digests WHERE reference = ? ORDER BY rowid DESC')
      .get(formatReference({ ...reference, tag: undefined }));
    return row?.image as Digest | undefined;
  }

  /** Does any image have this stack? */
  needs(chain: ChainId): boolean {
    return this.#usersOf.has(chain);
  }

  /** Adds the image; one that is there stays as it is. */
  add(image: ImageRecord): void {
    this.#database.transaction(() => this.#insert(image));
    this.#remember(image);
  }

  /** Adds an image with what it came with: all of it, or nothing. */
  addReceived(
    image: ImageRecord,
    from: {
      manifest: ManifestRecord;
      reference?: Reference;
      tags: readonly Reference[];
      atMs: number;
    },
  ): void {
    const { manifest, reference, tags, atMs } = from;
    this.#database.transaction(() => {
      this.#insert(image);
      this.addManifest(image.id, manifest);
      if (reference) this.addRepoDigest(image.id, reference);
      for (const tag of tags) this.#writeTag(image.id, formatReference(tag), atMs);
    });
    this.#remember(image);
    for (const tag of tags) this.#rememberTag(image.id, formatReference(tag), atMs);
  }

  remove(id: Digest): void {
    this.#run('DELETE FROM images WHERE id = ?', id);
    for (const chain of this.#images.get(id)?.chains ?? []) this.#count(chain, -1);
    this.#images.delete(id);
    for (const [name, image] of this.#tags) if (image === id) this.#tags.delete(name);
  }

  tag(id: Digest, reference: Reference, atMs: number): void {
    const name = formatReference(reference);
    this.#database.transaction(() => this.#writeTag(id, name, atMs));
    this.#rememberTag(id, name, atMs);
  }

  #insert({ id, parent }: ImageRecord): void {
    this.#run('INSERT OR IGNORE INTO images VALUES (?, ?, NULL)', id, parent ?? null);
  }

  /** Once it is in the database for good: a transaction may be rolled back, or run twice. */
  #remember(image: ImageRecord): void {
    if (this.#images.has(image.id)) return;
    this.#images.set(image.id, image);
    for (const chain of image.chains) this.#count(chain, 1);
  }

  #count(chain: ChainId, change: 1 | -1): void {
    const users = (this.#usersOf.get(chain) ?? 0) + change;
    if (users > 0) this.#usersOf.set(chain, users);
    else this.#usersOf.delete(chain);
  }

  #writeTag(id: Digest, name: string, atMs: number): void {
    this.#run('INSERT OR REPLACE INTO tags VALUES (?, ?)', name, id);
    this.#run('UPDATE images SET tagged_at_ms = ? WHERE id = ?', atMs, id);
  }

  #rememberTag(id: Digest, name: string, atMs: number): void {
    this.#tags.delete(name);
    this.#tags.set(name, id);
    this.#images.set(id, { ...this.#images.get(id)!, lastTaggedAtMs: atMs });
  }

  untag(reference: Reference): void {
    const name = formatReference(reference);
    this.#run('DELETE FROM tags WHERE reference = ?', name);
    this.#tags.delete(name);
  }

  addRepoDigest(id: Digest, reference: Reference): void {
    const name = formatReference({ ...reference, tag: undefined });
    this.#run('INSERT OR IGNORE INTO repo_digests VALUES (?, ?)', name, id);
  }

  removeRepoDigest(id: Digest, reference: Reference): void {
    const name = formatReference({ ...reference, tag: undefined });
    this.#run('DELETE FROM repo_digests WHERE reference = ? AND image = ?', name, id);
  }

  addManifest(id: Digest, { digest, mediaType, sizeBytes }: ManifestRecord): void {
    const sql = 'INSERT OR IGNORE INTO image_manifests VALUES (?, ?, ?, ?)';
    this.#run(sql, id, digest, mediaType, sizeBytes);
  }

  tagsOf(id: Digest): Reference[] {
    const names: Reference[] = [];
    for (const [name, image] of this.#tags) if (image === id) names.push(parseReference(name));
    return names;
  }

  repoDigestsOf(id: Digest): Reference[] {
    return this.#rows('SELECT reference FROM repo_digests WHERE image = ? ORDER BY rowid', id).map(
      (row) => parseReference(row.reference as string),
    );
  }

  /** Newest first. */
  manifestsOf(id: Digest): ManifestRecord[] {
    const sql = 'SELECT * FROM image_manifests WHERE image = ? ORDER BY rowid DESC';
    return this.#rows(sql, id).map((row) => ({
      digest: row.digest as Digest,
      mediaType: row.media_type as string,
      sizeBytes: Number(row.size_bytes),
    }));
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#database.transaction(() => this.#database.sqlite.prepare(sql).run(...values));
  }

  #rows(sql: string, ...values: string[]): Record<string, unknown>[] {
    return this.#database.sqlite.prepare(sql).all(...values);
  }
}

/** Undefined for one that the disk has damaged: a start must not fail for one image. */
function readableConfig(rawConfig: Uint8Array): ImageConfig | undefined {
  try {
    return parseImageConfig(rawConfig);
  } catch (error) {
    if (errorKind(error) === 'invalid') return undefined;
    throw error;
  }
}
