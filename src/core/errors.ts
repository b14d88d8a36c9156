/** What went wrong, in terms every protocol can map: HTTP status, OCI code, exit code. */
export type ErrorKind =
  | 'invalid'
  | 'not-found'
  | 'conflict'
  | 'unauthorized'
  | 'forbidden'
  | 'unavailable'
  | 'unsupported'
  | 'canceled'
  | 'internal';

export interface ErrorOptions {
  /** Machine-readable name of the precise case, such as `BLOB_UNKNOWN`. */
  code?: string;
  details?: unknown;
  cause?: unknown;
}

/**
 * The one error class. The message is lower case, "verb noun: reason", with the offending value in
 * it, fit to be shown to the user as it stands.
 */
export class BerthError extends Error {
  readonly kind: ErrorKind;
  readonly code: string | undefined;
  readonly details: unknown;

  constructor(kind: ErrorKind, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BerthError';
    this.kind = kind;
    this.code = options.code;
    this.details = options.details;
  }
}

type Raise = (message: string, options?: ErrorOptions) => BerthError;
const raise =
  (kind: ErrorKind): Raise =>
  (message, options) =>
    new BerthError(kind, message, options);

export const invalid = raise('invalid');
export const notFound = raise('not-found');
export const conflict = raise('conflict');
export const unauthorized = raise('unauthorized');
export const forbidden = raise('forbidden');
export const unavailable = raise('unavailable');
export const unsupported = raise('unsupported');
export const canceled = raise('canceled');
export const internal = raise('internal');

/** The kind of any thrown value; what is not a BerthError is `internal`, an abort is `canceled`. */
export function errorKind(error: unknown): ErrorKind {
  if (error instanceof BerthError) return error.kind;
  if (error instanceof Error && error.name === 'AbortError') return 'canceled';
  return 'internal';
}

/** What went wrong, for people; of a failed system call in Docker's words, not in Node's. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return errnoCode(error) === undefined ? error.message : systemCallMessage(error.message);
}

/** `ENOENT: no such file or directory, open '/x'` becomes `open /x: no such file or directory`. */
function systemCallMessage(message: string): string {
  const match = /^E[A-Z0-9]+: ([^,]+), (\w+)(?: '(.*?)')?(?: -> '(.*)')?$/s.exec(message);
  if (!match) return message;
  const [, reason = '', call, ...paths] = match;
  const words = otherWords[reason] ?? reason;
  const named = paths.filter((path) => path !== undefined);
  // A call on what was open already has no path, and says nothing by its name alone.
  return named.length === 0 ? words : `${call} ${named.join(' ')}: ${words}`;
}

/** Where Node has words of its own. */
const otherWords: Readonly<Record<string, string>> = {
  'illegal operation on a directory': 'is a directory',
  'file already exists': 'file exists',
};

/** The `code` of a failed system call (`ENOENT`, `EEXIST`), or undefined for any other value. */
export function errnoCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
