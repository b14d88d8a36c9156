import { randomBytes } from 'node:crypto';

/** 64 hex digits, as Docker's ids of containers, networks and execs. */
export function randomId(): string {
  return randomBytes(32).toString('hex');
}

/** The 12 digits people see, of an id or of a `sha256:` digest. */
export function shortId(id: string): string {
  const colon = id.indexOf(':');
  return id.slice(colon + 1, colon + 13);
}
