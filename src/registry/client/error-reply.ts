import { STATUS_CODES } from 'node:http';
import { BerthError, type ErrorKind } from '../../core/index.ts';
import { type OciError, registryError, usualMessages } from '../docker-errors.ts';
import { parseChallenges } from './challenges.ts';
import { type HttpReply, readBody } from './http-exchange.ts';
import { printable } from './printable.ts';

const bodyLimitBytes = 64 * 1024;

/** Reads an error reply into an error with the registry's code and Docker's words for it. */
export async function errorOf(reply: HttpReply): Promise<BerthError> {
  const errors = [...challengeErrors(reply), ...(await bodyErrors(reply))];
  if (errors.length > 0) return registryError(errors, kindOf(reply.status));
  const status = `${reply.status} ${STATUS_CODES[reply.status] ?? ''}`.trim();
  return new BerthError(kindOf(reply.status), `received unexpected HTTP status: ${status}`);
}

/** A bearer challenge says more precisely than the body what is wrong with the token. */
function challengeErrors({ status, headers }: HttpReply): OciError[] {
  if (status !== 401) return [];
  for (const { scheme, parameters } of parseChallenges(headers['www-authenticate'])) {
    if (scheme !== 'bearer') continue;
    switch (parameters.get('error')) {
      case 'insufficient_scope':
        return [{ code: 'DENIED', message: usualMessages.DENIED! }];
      case 'invalid_token': {
        const said = parameters.get('error_description') ?? usualMessages.UNAUTHORIZED!;
        return [{ code: 'UNAUTHORIZED', message: printable(said) }];
      }
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
      if (typeof details === 'string')
        return [{ code: 'UNAUTHORIZED', message: printable(details) }];
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
  const text =
    typeof message === 'string' && message !== '' ? message : (usualMessages[name] ?? name);
  return { code: name, message: printable(text) };
}

function fallbackError(status: number): OciError[] {
  const code = { 401: 'UNAUTHORIZED', 403: 'DENIED', 429: 'TOOMANYREQUESTS' }[status];
  return code === undefined ? [] : [{ code, message: usualMessages[code]! }];
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
