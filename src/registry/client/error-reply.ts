import { STATUS_CODES } from 'node:http';
import type { Reference } from '../../core/index.ts';
import {
  BerthError,
  type ErrorKind,
  familiarName,
  familiarReference,
  notFound,
} from '../../core/index.ts';
import { parseChallenges } from './challenges.ts';
import { type HttpReply, readBody } from './http-exchange.ts';

const bodyLimitBytes = 64 * 1024;

/** Messages of codes that registries send without one. */
const messages: Record<string, string> = {
  BLOB_UNKNOWN: 'blob unknown to registry',
  DENIED: 'requested access to the resource is denied',
  MANIFEST_UNKNOWN: 'manifest unknown',
  NAME_UNKNOWN: 'repository name not known to registry',
  TOOMANYREQUESTS: 'too many requests',
  UNAUTHORIZED: 'authentication required',
  UNKNOWN: 'unknown error',
};

interface OciError {
  readonly code: string;
  readonly message: string;
}

/** Reads an error reply into an error with the registry's code and Docker's words for it. */
export async function errorOf(reply: HttpReply): Promise<BerthError> {
  const errors = [...challengeErrors(reply), ...(await bodyErrors(reply))];
  const kind = kindOf(reply.status);
  const [first] = errors;
  if (!first) {
    const status = `${reply.status} ${STATUS_CODES[reply.status] ?? ''}`.trim();
    return new BerthError(kind, `received unexpected HTTP status: ${status}`);
  }
  const lines = [...new Set(errors.map(wordsOf))];
  const message = lines.length === 1 ? lines[0]! : `errors:\n${lines.join('\n')}\n`;
  const details = { errors, status: reply.status };
  return new BerthError(first.code === 'DENIED' ? 'forbidden' : kind, message, {
    code: first.code,
    details,
  });
}

/** An error of a pull, which Docker takes for a missing image in three cases. */
export function pullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof BerthError)) return error;
  const { errors: [first] = [] } = (error.details ?? {}) as { errors?: OciError[] };
  const words = first ? wordsOf(first) : error.message;
  const missing = (message: string) => notFound(message, { code: error.code, cause: error });
  switch (error.code) {
    case 'DENIED':
      return missing(
        `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${words}`,
      );
    case 'MANIFEST_UNKNOWN':
      return missing(`manifest for ${familiarReference(reference)} not found: ${words}`);
    case 'NAME_UNKNOWN':
      return missing(`repository ${familiarName(reference)} not found: ${words}`);
    default:
      return error;
  }
}

/** An error of a push, of which Docker tells the first part. */
export function pushError(error: unknown): unknown {
  if (!(error instanceof BerthError)) return error;
  const { errors: [first, second] = [] } = (error.details ?? {}) as { errors?: OciError[] };
  if (!first || !second) return error;
  return new BerthError(error.kind, wordsOf(first), { code: first.code, cause: error });
}

function wordsOf({ code, message }: OciError): string {
  return `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`;
}

/** A bearer challenge says more precisely than the body what is wrong with the token. */
function challengeErrors({ status, headers }: HttpReply): OciError[] {
  if (status !== 401) return [];
  for (const { scheme, parameters } of parseChallenges(headers['www-authenticate'])) {
    if (scheme !== 'bearer') continue;
    switch (parameters.get('error')) {
      case 'insufficient_scope':
        return [{ code: 'DENIED', message: messages.DENIED! }];
      case 'invalid_token':
        return [
          {
            code: 'UNAUTHORIZED',
            message: parameters.get('error_description') ?? messages.UNAUTHORIZED!,
          },
        ];
    }
  }
  return [];
}

async function bodyErrors(reply: HttpReply): Promise<OciError[]> {
  const fallback = fallbackError(reply.status);
  try {
    const text = (await readBody(reply, bodyLimitBytes)).toString();
    const { errors, details } = JSON.parse(text) as { errors?: unknown; details?: unknown };
    if (!Array.isArray(errors) || errors.length === 0) {
      // The Hub's token server has a form of its own.
      if (typeof details === 'string') return [{ code: 'UNAUTHORIZED', message: details }];
      return fallback;
    }
    return errors.slice(0, 20).map(asOciError);
  } catch {
    return fallback;
  }
}

function asOciError(value: unknown): OciError {
  const { code, message } = (value ?? {}) as Record<string, unknown>;
  const name = typeof code === 'string' && /^[A-Z_]{1,64}$/.test(code) ? code : 'UNKNOWN';
  const text = typeof message === 'string' && message !== '' ? message : (messages[name] ?? name);
  return { code: name, message: printable(text) };
}

/** Text from a registry reaches terminals: control characters must not. */
function printable(text: string): string {
  return text.slice(0, 1000).replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '\ufffd');
}

function fallbackError(status: number): OciError[] {
  const code = { 401: 'UNAUTHORIZED', 403: 'DENIED', 429: 'TOOMANYREQUESTS' }[status];
  return code === undefined ? [] : [{ code, message: messages[code]! }];
}

function kindOf(status: number): ErrorKind {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  if (status === 405) return 'unsupported';
  if (status === 429 || status >= 500) return 'unavailable';
  return 'invalid';
}
