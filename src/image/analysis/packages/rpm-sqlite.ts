import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { mostPackages } from './package.ts';

export function isSqlite(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 16) === 'SQLite format 3\0';
}

/**
 * The package headers of rpmdb.sqlite (rpm 4.16 and later), undefined for one that cannot be read.
 * It is put into a temporary file meanwhile.
 */
export function sqliteHeaders(bytes: Buffer): Buffer[] | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'berth-rpm-'));
  try {
    const path = join(folder, 'rpmdb.sqlite');
    writeFileSync(path, withoutJournal(bytes));
    return headersIn(path, bytes.length);
  } catch (error) {
    // What an image holds in this place is not to be trusted, and its faults are not ours.
    if ((error as { code?: string }).code === 'ERR_SQLITE_ERROR') return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A database in write-ahead mode could only be opened with the files beside it. */
function withoutJournal(bytes: Buffer): Buffer {
  if (bytes.length < 20 || bytes[18] !== 2) return bytes;
  const copy = Buffer.from(bytes);
  copy[18] = 1;
  copy[19] = 1;
  return copy;
}

function headersIn(path: string, mostBytes: number): Buffer[] | undefined {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const [table] = database
      .prepare("SELECT type, sql FROM sqlite_master WHERE name = 'Packages'")
      .all();
    if (table?.type !== 'table' || !isPlainTable(String(table.sql))) return undefined;
    const headers: Buffer[] = [];
    let total = 0;
    for (const { blob } of database.prepare(`SELECT blob FROM Packages`).iterate()) {
      if (!(blob instanceof Uint8Array)) continue;
      total += blob.length;
      // Rows that share their pages could ask for any amount of memory.
      if (total > mostBytes || headers.length >= mostPackages) return undefined;
      headers.push(Buffer.from(blob));
    }
    return headers;
  } finally {
    database.close();
  }
}

/** A view or a computed column would run what the image's author wrote. */
function isPlainTable(sql: string): boolean {
  return /^CREATE TABLE \S+\s*\(/i.test(sql) && !/\b(?:AS|SELECT|CHECK)\b/i.test(sql);
}
