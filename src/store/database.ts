import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { internal, unavailable } from '../core/index.ts';
import { openReserve } from './reserve.ts';

/**
 * Berth's one SQLite file, in WAL mode with full sync: what a statement or transaction wrote
 * survives a crash. Each domain brings its own tables as a list of migrations.
 */
export interface Database extends Disposable {
  readonly sqlite: DatabaseSync;
  /** Runs the migrations of `domain` that this file has not seen; each in a transaction. */
  migrate(domain: string, migrations: readonly string[]): void;
  /**
   * Runs `work` in one transaction (nested calls join it); rolls back when it throws. On a full disk
   * the space reserved for that is given up, so that deleting goes on to work; once that is used up
   * it throws `unavailable` ("no space left on device"). `work` may be run twice.
   */
  transaction<T>(work: () => T): T;
}

/** Opens or creates the file and its folder. Throws `internal` when it is damaged. */
export function openDatabase(path: string): Database {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const sqlite = new DatabaseSync(path);
  try {
    sqlite.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;' +
        'CREATE TABLE IF NOT EXISTS migrations (domain TEXT PRIMARY KEY, applied INTEGER NOT NULL) STRICT',
    );
  } catch (cause) {
    sqlite.close();
    throw internal(`open database ${path}: ${(cause as Error).message}`, { cause });
  }
  const reserve = openReserve(`${path}-reserve`);
  let depth = 0;
  function transaction<T>(work: () => T): T {
    if (depth > 0) return work();
    try {
      const result = attempt(work);
      reserve.restore();
      return result;
    } catch (error) {
      if (!isFull(error)) throw error;
      if (reserve.giveUp()) return transaction(work);
      throw unavailable(`write database ${path}: no space left on device`, { cause: error });
    }
  }
  function attempt<T>(work: () => T): T {
    sqlite.exec('BEGIN IMMEDIATE');
    depth++;
    try {
      const result = work();
      sqlite.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk has rolled it back already.
      if (sqlite.isTransaction) sqlite.exec('ROLLBACK');
      throw error;
    } finally {
      depth--;
    }
  }
  function migrate(domain: string, migrations: readonly string[]): void {
    transaction(() => {
      const row = sqlite.prepare('SELECT applied FROM migrations WHERE domain = ?').get(domain);
      const applied = Number(row?.applied ?? 0);
      for (const sql of migrations.slice(applied)) sqlite.exec(sql);
      sqlite
        .prepare(
          'INSERT INTO migrations VALUES (?, ?) ON CONFLICT (domain) DO UPDATE SET applied = excluded.applied',
        )
        .run(domain, Math.max(applied, migrations.length));
    });
  }
  return { sqlite, migrate, transaction, [Symbol.dispose]: () => sqlite.close() };
}

/** SQLITE_FULL, or an I/O error while the disk is full (SQLITE_IOERR_WRITE). */
function isFull(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown };
  return errcode === 13 || errcode === 778;
}
