import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { gunzipSync, gzip, gzipSync } from 'node:zlib';
import { type Digest, errorMessage } from '../../core/index.ts';
import type { CacheRecord, CacheRecords, KnownCopy } from './records.ts';

/** The part of Berth's database that the records need. */
export interface RecordsDatabase {
  readonly sqlite: DatabaseSync;
  migrate(domain: string, migrations: readonly string[]): void;
  transaction<T>(work: () => T): T;
}

const migrations = [
  `CREATE TABLE build_records (
     key TEXT PRIMARY KEY, chain TEXT NOT NULL, identity TEXT NOT NULL, size_bytes INTEGER NOT NULL,
     description TEXT NOT NULL, site TEXT NOT NULL, parent_key TEXT, inputs TEXT NOT NULL,
     created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL, uses INTEGER NOT NULL) STRICT;
   CREATE INDEX build_records_site ON build_records (site, created_ms);
   CREATE INDEX build_records_chain ON build_records (chain);
   CREATE TABLE build_aliases (quick TEXT PRIMARY KEY, key TEXT NOT NULL) STRICT;
   CREATE INDEX build_aliases_key ON build_aliases (key);
   CREATE TABLE build_details (digest TEXT PRIMARY KEY, gzipped BLOB NOT NULL) STRICT;
   CREATE TABLE build_record_details (
     key TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (key, digest)) STRICT, WITHOUT ROWID;
   CREATE INDEX build_record_details_digest ON build_record_details (digest);
   CREATE TABLE build_notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;`,
  `CREATE TABLE build_copies (
     content TEXT PRIMARY KEY, key TEXT NOT NULL, surroundings TEXT NOT NULL) STRICT;
   CREATE INDEX build_copies_key ON build_copies (key);`,
];

const statements = {
  get: 'SELECT * FROM build_records WHERE key = ?',
  list: 'SELECT * FROM build_records',
  names: 'SELECT 1 FROM build_records WHERE chain = ? LIMIT 1',
  atSite: 'SELECT * FROM build_records WHERE site = ? ORDER BY created_ms DESC LIMIT ?',
  put: `INSERT INTO build_records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET chain = excluded.chain, identity = excluded.identity,
    size_bytes = excluded.size_bytes, description = excluded.description, site = excluded.site,
    parent_key = excluded.parent_key, inputs = excluded.inputs, created_ms = excluded.created_ms,
    used_ms = excluded.used_ms, uses = excluded.uses`,
  remove: 'DELETE FROM build_records WHERE key = ?',
  removeAliases: 'DELETE FROM build_aliases WHERE key = ?',
  removeLinks: 'DELETE FROM build_record_details WHERE key = ?',
  removeDetails: `DELETE FROM build_details
    WHERE digest IN (SELECT digest FROM build_record_details WHERE key = ?1)
    AND digest NOT IN (SELECT digest FROM build_record_details WHERE key <> ?1)`,
  alias: 'INSERT OR REPLACE INTO build_aliases VALUES (?, ?)',
  resolveAlias: 'SELECT key FROM build_aliases WHERE quick = ?',
  putCopy: 'INSERT OR REPLACE INTO build_copies VALUES (?, ?, ?)',
  copyOf: 'SELECT key, surroundings FROM build_copies WHERE content = ?',
  removeCopies: 'DELETE FROM build_copies WHERE key = ?',
  link: 'INSERT OR IGNORE INTO build_record_details VALUES (?, ?)',
  putDetail: 'INSERT OR IGNORE INTO build_details VALUES (?, ?)',
  detail: 'SELECT gzipped FROM build_details WHERE digest = ?',
  putNote: 'INSERT OR REPLACE INTO build_notes VALUES (?, ?)',
  note: 'SELECT value FROM build_notes WHERE name = ?',
} as const;

type Statements = Record<keyof typeof statements, StatementSync>;

const compress = promisify(gzip);
/** No two writes come closer together than this. */
const flushPauseMs = 50;
/** And after one that failed. */
const retryPauseMs = 1000;

/**
 * Keeps the records in the database. What is put is seen at once and written in a moment, so that a
 * step does not wait for the disk; of steps that follow each other quickly, several in one
 * transaction.
 */
export function createSqliteRecords(database: RecordsDatabase): CacheRecords {
  database.migrate('build', migrations);
  return new SqliteRecords(database);
}

class SqliteRecords implements CacheRecords {
  readonly #database: RecordsDatabase;
  readonly #sql: Statements;
  readonly #records = new Map<Digest, CacheRecord>();
  readonly #details = new Map<Digest, { text: string; gzipped?: Uint8Array }>();
  #links: [key: Digest, digest: Digest][] = [];
  readonly #aliases = new Map<Digest, Digest>();
  readonly #notes = new Map<string, string>();
  readonly #copies = new Map<Digest, KnownCopy>();
  #timer: NodeJS.Timeout | undefined;
  #flushedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(database: RecordsDatabase) {
    this.#database = database;
    this.#sql = Object.fromEntries(
      Object.entries(statements).map(([name, sql]) => [name, database.sqlite.prepare(sql)]),
    ) as Statements;
  }

  get(key: Digest): CacheRecord | undefined {
    const waiting = this.#records.get(key);
    if (waiting) return waiting;
    const row = this.#sql.get.get(key);
    return row && fromRow(row);
  }

  put(record: CacheRecord, details: ReadonlyMap<Digest, string> = new Map()): void {
    this.#records.set(record.key, record);
    for (const [digest, text] of details) {
      this.#links.push([record.key, digest]);
      if (!this.#details.has(digest)) void this.#keepDetail(digest, text);
    }
    if (details.size === 0) this.#schedule();
  }

  touch(key: Digest, usedAtMs: number): void {
    const record = this.get(key);
    if (!record) return;
    const latestMs = Math.max(record.usedAtMs, usedAtMs);
    this.#records.set(key, { ...record, usedAtMs: latestMs, uses: record.uses + 1 });
    this.#schedule();
  }

  delete(key: Digest): void {
    this.#forgetWaiting(key);
    const { remove, removeAliases, removeCopies, removeDetails, removeLinks } = this.#sql;
    this.#database.transaction(() => {
      for (const statement of [removeDetails, removeLinks, removeAliases, removeCopies, remove]) {
        statement.run(key);
      }
    });
  }

  list(): CacheRecord[] {
    return this.#withWaiting(this.#sql.list.all());
  }

  names(chain: Digest): boolean {
    for (const waiting of this.#records.values()) if (waiting.chain === chain) return true;
    return this.#sql.names.get(chain) !== undefined;
  }

  atSite(site: string, limit: number): CacheRecord[] {
    return this.#withWaiting(this.#sql.atSite.all(site, limit))
      .filter((record) => record.site === site)
      .sort((a, b) => b.createdAtMs - a.createdAtMs)
      .slice(0, limit);
  }

  /** Reads never write: they go on to work on a full disk. */
  #withWaiting(rows: readonly Row[]): CacheRecord[] {
    const written = rows.filter(({ key }) => !this.#records.has(key as Digest));
    return [...written.map(fromRow), ...this.#records.values()];
  }

  alias(quick: Digest, key: Digest): void {
    this.#aliases.set(quick, key);
    this.#schedule();
  }

  resolveAlias(quick: Digest): Digest | undefined {
    const waiting = this.#aliases.get(quick);
    return waiting ?? (this.#sql.resolveAlias.get(quick)?.key as Digest | undefined);
  }

  detail(digest: Digest): string | undefined {
    const waiting = this.#details.get(digest);
    if (waiting) return waiting.text;
    const row = this.#sql.detail.get(digest);
    return row && gunzipSync(row.gzipped as Uint8Array).toString();
  }

  putCopy(content: Digest, copy: KnownCopy): void {
    this.#copies.set(content, copy);
    this.#schedule();
  }

  copyOf(content: Digest): KnownCopy | undefined {
    const waiting = this.#copies.get(content);
    if (waiting) return waiting;
    const row = this.#sql.copyOf.get(content);
    return row && { key: row.key as Digest, surroundings: JSON.parse(row.surroundings as string) };
  }

  putNote(name: string, value: string): void {
    this.#notes.set(name, value);
    this.#schedule();
  }

  note(name: string): string | undefined {
    const waiting = this.#notes.get(name);
    return waiting ?? (this.#sql.note.get(name)?.value as string | undefined);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const parts = [this.#records, this.#details, this.#aliases, this.#notes, this.#copies];
    if (this.#links.length === 0 && parts.every(({ size }) => size === 0)) return;
    this.#database.transaction(() => this.#write());
    this.#flushedAtMs = performance.now();
    for (const part of parts) part.clear();
    this.#links = [];
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#isClosed = true;
    this.#tryFlush();
  }

  /** What cannot be written now, for a full disk say, stays and is tried again. */
  #tryFlush(): void {
    try {
      this.flush();
    } catch (error) {
      process.emitWarning(`write build cache: ${errorMessage(error)}`);
      this.#schedule(retryPauseMs);
    }
  }

  #forgetWaiting(key: Digest): void {
    this.#records.delete(key);
    for (const [quick, target] of this.#aliases) if (target === key) this.#aliases.delete(quick);
    for (const [content, copy] of this.#copies) if (copy.key === key) this.#copies.delete(content);
    this.#links = this.#links.filter(([from]) => from !== key);
    const linked = new Set(this.#links.map(([, digest]) => digest));
    for (const digest of this.#details.keys()) {
      if (!linked.has(digest)) this.#details.delete(digest);
    }
  }

  #write(): void {
    const { put, putDetail, link, alias, putNote, putCopy } = this.#sql;
    for (const record of this.#records.values()) put.run(...toRow(record));
    for (const [digest, { text, gzipped }] of this.#details) {
      putDetail.run(digest, gzipped ?? gzipSync(text, { level: 1 }));
    }
    for (const [key, digest] of this.#links) link.run(key, digest);
    for (const [quick, key] of this.#aliases) alias.run(quick, key);
    for (const [name, value] of this.#notes) putNote.run(name, value);
    for (const [content, { key, surroundings }] of this.#copies) {
      putCopy.run(content, key, JSON.stringify(surroundings));
    }
  }

  /** Compressed away from the event loop; the write waits for it unless `flush` is asked for. */
  async #keepDetail(digest: Digest, text: string): Promise<void> {
    const entry: { text: string; gzipped?: Uint8Array } = { text };
    this.#details.set(digest, entry);
    entry.gzipped = await compress(text, { level: 1 });
    this.#schedule();
  }

  #schedule(leastMs = 0): void {
    if (this.#isClosed) return;
    const waitMs = Math.max(leastMs, this.#flushedAtMs + flushPauseMs - performance.now());
    this.#timer ??= setTimeout(() => this.#tryFlush(), waitMs).unref();
  }
}

type Row = Record<string, SQLOutputValue>;

function toRow(record: CacheRecord): (string | number | null)[] {
  return [
    record.key,
    record.chain,
    record.identity,
    record.sizeBytes,
    record.description,
    record.site,
    record.parentKey ?? null,
    JSON.stringify(record.inputs),
    record.createdAtMs,
    record.usedAtMs,
    record.uses,
  ];
}

function fromRow(row: Row): CacheRecord {
  return {
    key: row.key as Digest,
    chain: row.chain as Digest,
    identity: row.identity as string,
    sizeBytes: row.size_bytes as number,
    description: row.description as string,
    site: row.site as string,
    parentKey: (row.parent_key ?? undefined) as Digest | undefined,
    inputs: JSON.parse(row.inputs as string),
    createdAtMs: row.created_ms as number,
    usedAtMs: row.used_ms as number,
    uses: row.uses as number,
  };
}
