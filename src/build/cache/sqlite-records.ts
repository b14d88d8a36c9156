import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { gunzipSync, gzip, gzipSync } from 'node:zlib';
import type { Digest } from '../../core/index.ts';
import type { CacheRecord, CacheRecords } from './records.ts';

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
    WHERE digest NOT IN (SELECT digest FROM build_record_details)`,
  alias: 'INSERT OR REPLACE INTO build_aliases VALUES (?, ?)',
  resolveAlias: 'SELECT key FROM build_aliases WHERE quick = ?',
  link: 'INSERT OR IGNORE INTO build_record_details VALUES (?, ?)',
  putDetail: 'INSERT OR IGNORE INTO build_details VALUES (?, ?)',
  detail: 'SELECT gzipped FROM build_details WHERE digest = ?',
  putNote: 'INSERT OR REPLACE INTO build_notes VALUES (?, ?)',
  note: 'SELECT value FROM build_notes WHERE name = ?',
} as const;

const compress = promisify(gzip);
const flushDelayMs = 50;

/**
 * Keeps the records in the database. What is put is seen at once and written with all that came
 * within the next moments, in one transaction, so that a step does not wait for the disk.
 */
export function createSqliteRecords(database: RecordsDatabase): CacheRecords {
  database.migrate('build', migrations);
  const prepared = Object.fromEntries(
    Object.entries(statements).map(([name, sql]) => [name, database.sqlite.prepare(sql)]),
  ) as Record<keyof typeof statements, StatementSync>;
  const pending = {
    records: new Map<Digest, CacheRecord>(),
    details: new Map<Digest, { text: string; gzipped?: Uint8Array }>(),
    links: [] as [key: Digest, digest: Digest][],
    aliases: new Map<Digest, Digest>(),
    notes: new Map<string, string>(),
  };
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const schedule = (): void => {
    if (isClosed) return;
    timer ??= setTimeout(flush, flushDelayMs).unref();
  };

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    database.transaction(() => {
      for (const record of pending.records.values()) prepared.put.run(...toRow(record));
      for (const [digest, { text, gzipped }] of pending.details) {
        prepared.putDetail.run(digest, gzipped ?? gzipSync(text, { level: 1 }));
      }
      for (const [key, digest] of pending.links) prepared.link.run(key, digest);
      for (const [quick, key] of pending.aliases) prepared.alias.run(quick, key);
      for (const [name, value] of pending.notes) prepared.putNote.run(name, value);
    });
    for (const part of [pending.records, pending.details, pending.aliases, pending.notes]) {
      part.clear();
    }
    pending.links.length = 0;
  }

  /** Compressed away from the event loop; the write waits for it unless `flush` is asked for. */
  async function keepDetail(digest: Digest, text: string): Promise<void> {
    const entry: { text: string; gzipped?: Uint8Array } = { text };
    pending.details.set(digest, entry);
    entry.gzipped = await compress(text, { level: 1 });
    schedule();
  }

  const get = (key: Digest): CacheRecord | undefined => {
    const waiting = pending.records.get(key);
    if (waiting) return waiting;
    const row = prepared.get.get(key);
    return row && fromRow(row);
  };

  return {
    get,
    put(record, details = new Map()) {
      pending.records.set(record.key, record);
      for (const [digest, text] of details) {
        pending.links.push([record.key, digest]);
        if (!pending.details.has(digest)) void keepDetail(digest, text);
      }
      if (details.size === 0) schedule();
    },
    touch(key, usedAtMs) {
      const record = get(key);
      if (!record) return;
      const latestMs = Math.max(record.usedAtMs, usedAtMs);
      pending.records.set(key, { ...record, usedAtMs: latestMs, uses: record.uses + 1 });
      schedule();
    },
    delete(key) {
      flush();
      database.transaction(() => {
        for (const statement of [prepared.remove, prepared.removeAliases, prepared.removeLinks]) {
          statement.run(key);
        }
        prepared.removeDetails.run();
      });
    },
    list() {
      flush();
      return prepared.list.all().map(fromRow);
    },
    names(chain) {
      flush();
      return prepared.names.get(chain) !== undefined;
    },
    atSite(site, limit) {
      flush();
      return prepared.atSite.all(site, limit).map(fromRow);
    },
    alias(quick, key) {
      pending.aliases.set(quick, key);
      schedule();
    },
    resolveAlias: (quick) =>
      pending.aliases.get(quick) ?? (prepared.resolveAlias.get(quick)?.key as Digest | undefined),
    detail(digest) {
      const waiting = pending.details.get(digest);
      if (waiting) return waiting.text;
      const row = prepared.detail.get(digest);
      return row && gunzipSync(row.gzipped as Uint8Array).toString();
    },
    putNote(name, value) {
      pending.notes.set(name, value);
      schedule();
    },
    note: (name) =>
      pending.notes.get(name) ?? (prepared.note.get(name)?.value as string | undefined),
    flush,
    [Symbol.dispose]() {
      flush();
      isClosed = true;
    },
  };
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
