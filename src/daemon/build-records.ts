import { deflateSync, inflateSync } from 'node:zlib';
import type { BuildRecord, BuildRecords } from '../api/index.ts';
import { errorMessage } from '../core/index.ts';
import type { Database } from '../store/index.ts';

const migrations = [
  `CREATE TABLE build_history (
     ref TEXT PRIMARY KEY,
     created_at_ms INTEGER NOT NULL,
     pinned INTEGER NOT NULL,
     record TEXT NOT NULL,
     log BLOB NOT NULL
   ) STRICT`,
];

/** Records beyond so many go, the oldest first; those that are pinned do not count. */
const mostRecords = 100;
/** A log is no larger than this when it is whole. */
const largestLogBytes = 64 * 2 ** 20;

/**
 * The history of builds in the database. What is put is there to be read at once, and written a
 * moment later, when the build's client has its answer; dispose writes what is left. What cannot be
 * written is told and lost.
 */
export function createBuildRecords(
  database: Database,
  onFault: (message: string) => void,
): BuildRecords & Disposable {
  database.migrate('build-history', migrations);
  const { sqlite, transaction } = database;
  const insert = sqlite.prepare('INSERT OR REPLACE INTO build_history VALUES (?, ?, ?, ?, ?)');
  const trim = sqlite.prepare(
    `DELETE FROM build_history WHERE pinned = 0 AND ref NOT IN
       (SELECT ref FROM build_history WHERE pinned = 0 ORDER BY created_at_ms DESC LIMIT ?)`,
  );
  const one = sqlite.prepare('SELECT record, pinned FROM build_history WHERE ref = ?');
  const all = sqlite.prepare('SELECT record, pinned FROM build_history ORDER BY created_at_ms');
  const logOf = sqlite.prepare('SELECT log FROM build_history WHERE ref = ?');
  const pin = sqlite.prepare('UPDATE build_history SET pinned = ? WHERE ref = ?');
  const remove = sqlite.prepare('DELETE FROM build_history WHERE ref = ?');
  const waiting = new Map<string, { record: BuildRecord; log: Uint8Array }>();
  let writing: NodeJS.Immediate | undefined;

  function write(): void {
    clearImmediate(writing);
    writing = undefined;
    const batch = [...waiting.values()];
    waiting.clear();
    if (batch.length === 0) return;
    try {
      transaction(() => {
        for (const { record, log } of batch) {
          const { ref, createdAtMs, pinned } = record;
          insert.run(ref, createdAtMs, Number(pinned), JSON.stringify(record), deflateSync(log));
        }
        trim.run(mostRecords);
      });
    } catch (error) {
      // The builds themselves went well: their history is no reason to end the daemon.
      onFault(`write build history: ${errorMessage(error)}`);
    }
  }

  return {
    put(record, log) {
      waiting.set(record.ref, { record, log });
      writing ??= setImmediate(write);
    },
    get(ref) {
      const row = one.get(ref);
      return waiting.get(ref)?.record ?? (row && recordOf(row));
    },
    list: () => [
      ...all
        .all()
        .map(recordOf)
        .filter(({ ref }) => !waiting.has(ref)),
      ...[...waiting.values()].map(({ record }) => record),
    ],
    log(ref) {
      const row = logOf.get(ref);
      const stored =
        row && inflateSync(row.log as Uint8Array, { maxOutputLength: largestLogBytes });
      return waiting.get(ref)?.log ?? stored;
    },
    setPinned(ref, pinned) {
      write();
      return pin.run(Number(pinned), ref).changes > 0;
    },
    delete(ref) {
      write();
      return remove.run(ref).changes > 0;
    },
    [Symbol.dispose]: write,
  };
}

function recordOf(row: Record<string, unknown>): BuildRecord {
  return { ...(JSON.parse(row.record as string) as BuildRecord), pinned: row.pinned === 1 };
}
