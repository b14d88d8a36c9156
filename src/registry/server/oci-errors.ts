import { BerthError, type ErrorKind, errorKind } from '../../core/index.ts';

/** The error body of distribution-spec, "Error codes", with the status it travels under. */
export interface OciErrorReply {
  readonly status: number;
  readonly body: { readonly errors: readonly OciError[] };
}

export interface OciError {
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
}

/**
 * Status and message of each code; a message of null means that the error's own says more. The third
 * is the spec's name for a code that is Berth's own.
 */
const codes: Readonly<
  Record<string, readonly [status: number, message: string | null, spelled?: string]>
> = {
  BLOB_UNKNOWN: [404, 'blob unknown to registry'],
  BLOB_UPLOAD_INVALID: [400, null],
  BLOB_UPLOAD_UNKNOWN: [404, 'blob upload unknown to registry'],
  DIGEST_INVALID: [400, 'provided digest did not match uploaded content'],
  MANIFEST_BLOB_UNKNOWN: [404, 'manifest references a manifest or blob unknown to registry'],
  MANIFEST_INVALID: [400, null],
  MANIFEST_UNKNOWN: [404, 'manifest unknown'],
  NAME_INVALID: [400, 'invalid repository name'],
  NAME_UNKNOWN: [404, 'repository name not known to registry'],
  SIZE_INVALID: [400, null],
  BODY_TOO_LARGE: [413, null, 'SIZE_INVALID'],
  UNAUTHORIZED: [401, 'authentication required'],
  DENIED: [403, 'requested access to the resource is denied'],
  UNSUPPORTED: [405, null],
  TOOMANYREQUESTS: [429, 'too many requests'],
};

const byKind: Readonly<Record<ErrorKind, readonly [status: number, code: string]>> = {
  invalid: [400, 'UNSUPPORTED'],
  'not-found': [404, 'NAME_UNKNOWN'],
  conflict: [409, 'BLOB_UPLOAD_INVALID'],
  unauthorized: [401, 'UNAUTHORIZED'],
  forbidden: [403, 'DENIED'],
  unavailable: [503, 'UNKNOWN'],
  unsupported: [405, 'UNSUPPORTED'],
  canceled: [499, 'UNKNOWN'],
  internal: [500, 'UNKNOWN'],
};

/** What a client is told of any thrown value. Causes of internal errors stay on this side. */
export function ociErrorReply(error: unknown): OciErrorReply {
  const kind = errorKind(error);
  if (!(error instanceof BerthError) || kind === 'internal') {
    return oneError(kind === 'canceled' ? 499 : 500, 'UNKNOWN', 'internal server error');
  }
  const { missing } = (error.details ?? {}) as { missing?: readonly string[] };
  const known = codes[error.code ?? ''];
  if (!known) {
    const [status, code] = byKind[kind];
    return oneError(status, code, error.message);
  }
  const [usualStatus, words, spelled = error.code!] = known;
  const status = kind === 'conflict' || kind === 'unavailable' ? byKind[kind][0] : usualStatus;
  const message = words ?? error.message.replace(/^[a-z ]+ invalid: /, '');
  if (missing) {
    const errors = missing.map((digest) => ({ code: spelled, message, detail: { digest } }));
    return { status, body: { errors } };
  }
  return oneError(status, spelled, message, error.message);
}

export function oneError(
  status: number,
  code: string,
  message = codes[code]?.[1] ?? code.toLowerCase().replaceAll('_', ' '),
  detail?: unknown,
): OciErrorReply {
  const error = detail === undefined || detail === message ? {} : { detail };
  return { status, body: { errors: [{ code, message, ...error }] } };
}
