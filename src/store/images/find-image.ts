import {
  type BerthError,
  type Digest,
  familiarReference,
  invalid,
  isDigest,
  isIdPrefix,
  notFound,
  parseReference,
  type Reference,
} from '../../core/index.ts';
import type { ImageRecord, ImageRecords } from './image-records.ts';

/**
 * What `docker inspect NAME` would find: a name first, then an id or its beginning. Throws
 * `not-found` in Docker's words, `invalid` when several ids begin so.
 */
export function findImage(records: ImageRecords, text: string): ImageRecord {
  if (isDigest(text)) {
    const record = records.get(text);
    if (record === undefined) throw noSuchImage(text);
    return record;
  }
  const reference = tryReference(text);
  const byName = reference && findByName(records, reference);
  const named = byName && records.get(byName);
  if (named) return named;
  if (isIdPrefix(text)) {
    const matches = withPrefix(records, text);
    if (matches.length > 1) throw invalid(`multiple IDs found with provided prefix: ${text}`);
    if (matches[0]) return matches[0];
  }
  if (reference === undefined) parseReference(text);
  throw noSuchImage(reference ? familiarReference(reference) : text);
}

function noSuchImage(name: string): BerthError {
  return notFound(`No such image: ${name}`);
}

function findByName(records: ImageRecords, reference: Reference): Digest | undefined {
  return reference.digest === undefined
    ? records.byTag(reference)
    : records.byRepoDigest(reference);
}

function tryReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined; // an id, perhaps
  }
}

function withPrefix(records: ImageRecords, text: string): ImageRecord[] {
  const prefix = text.startsWith('sha256:') ? text : `sha256:${text}`;
  return [...records.all()].filter(({ id }) => id.startsWith(prefix));
}
