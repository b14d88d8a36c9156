import type { Package } from './package.ts';
import { berkeleyHeaders, isBerkeleyHash } from './rpm-berkeley.ts';
import { readRpmHeader } from './rpm-header.ts';
import { isNdb, ndbHeaders } from './rpm-ndb.ts';
import { isSqlite, sqliteHeaders } from './rpm-sqlite.ts';

/** rpm has kept its packages in three forms; each is known by its first bytes. */
const forms = [
  { isOne: isSqlite, headersOf: sqliteHeaders },
  { isOne: isBerkeleyHash, headersOf: berkeleyHeaders },
  { isOne: isNdb, headersOf: ndbHeaders },
];

/** The packages of an rpm database, undefined for one that is damaged or of no known form. */
export function readRpmDatabase(bytes: Buffer): Package[] | undefined {
  const headers = forms.find((form) => form.isOne(bytes))?.headersOf(bytes);
  return headers?.flatMap((header) => readRpmHeader(header) ?? []);
}
