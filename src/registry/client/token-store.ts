import { errorMessage, internal, invalid, unauthorized } from '../../core/index.ts';
import { basicHeader, type Credentials, isToken } from '../credentials.ts';
import type { Challenge } from './challenges.ts';
import { errorOf } from './error-reply.ts';
import { type HttpCall, type HttpReply, readBody } from './http-exchange.ts';

const replyLimitBytes = 1024 * 1024;
const leastLifetimeS = 60;
/** A token is renewed so long before it ends: a request must reach its server with it. */
const marginMs = 10_000;
const clientId = 'berth';
const mostTokens = 1000;

export interface TokenRequest {
  readonly challenge: Challenge;
  /** `repository:name:pull,push`, as many as needed. */
  readonly scopes: readonly string[];
  readonly credentials?: Credentials;
  /** Asks for a refresh token too. */
  readonly offline?: boolean;
}

export interface Token {
  readonly token: string;
  readonly refreshToken?: string;
  readonly expiresAtMs: number;
}

interface Kept {
  readonly token: Promise<Token>;
  untilMs: number;
}

/** Sends one request to a token server, with the connections and rules of the client. */
export type TokenTransport = (
  call: Pick<HttpCall, 'method' | 'url' | 'headers' | 'body'>,
) => Promise<HttpReply>;

/** Gets bearer tokens (Docker's token and OAuth2 specifications) and keeps them while they last. */
export function tokenStore(send: TokenTransport, now: () => number = Date.now) {
  const tokens = new Map<string, Kept>();

  async function get(request: TokenRequest): Promise<Token> {
    const { challenge, scopes, credentials } = request;
    const { realm, service } = parametersOf(challenge);
    const key = JSON.stringify([realm.href, service, scopes, credentials ?? null]);
    const known = tokens.get(key);
    if (known && known.untilMs > now()) return known.token;
    // Layers ask at the same time: until it is there, one answer is awaited by all.
    const kept: Kept = { token: fetchToken(request, send, now), untilMs: Number.POSITIVE_INFINITY };
    if (tokens.size >= mostTokens) tokens.clear();
    tokens.set(key, kept);
    try {
      const token = await kept.token;
      kept.untilMs = token.expiresAtMs - marginMs;
      return token;
    } catch (error) {
      if (tokens.get(key) === kept) tokens.delete(key);
      throw error;
    }
  }

  return { get, forget: () => tokens.clear() };
}

function parametersOf({ parameters }: Challenge): { realm: URL; service: string } {
  const realm = parameters.get('realm') ?? '';
  if (!/^https?:\/\//.test(realm) || !URL.canParse(realm)) {
    throw invalid(`get token: the registry names "${realm.slice(0, 200)}" as its token server`);
  }
  return { realm: new URL(realm), service: parameters.get('service') ?? '' };
}

async function fetchToken(
  request: TokenRequest,
  send: TokenTransport,
  now: () => number,
): Promise<Token> {
  const isRefresh = request.credentials?.identityToken !== undefined;
  const reply = await send(isRefresh ? refreshCall(request) : basicCall(request));
  if (reply.status !== 200) throw await errorOf(reply);
  const fields = parseReply(await readBody(reply, replyLimitBytes));
  const token = fields.token ?? fields.access_token;
  if (typeof token !== 'string' || token === '') {
    throw unauthorized('authorization server did not include a token in the response');
  }
  if (!isToken(token)) throw unauthorized('authorization server sent a token that is none');
  const lifetimeS = Math.max(Number(fields.expires_in) || 0, leastLifetimeS);
  const refreshToken = fields.refresh_token;
  return {
    token,
    expiresAtMs: now() + lifetimeS * 1000,
    ...(typeof refreshToken === 'string' && refreshToken !== '' && { refreshToken }),
  };
}

function basicCall({ challenge, scopes, credentials, offline }: TokenRequest) {
  const { realm: url, service } = parametersOf(challenge);
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const headers: Record<string, string> = {};
  if (offline) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', clientId);
  }
  if (credentials) {
    url.searchParams.set('account', credentials.username);
    headers.authorization = basicHeader(credentials);
  }
  return { method: 'GET', url, headers };
}

function refreshCall({ challenge, scopes, credentials, offline }: TokenRequest) {
  const { realm: url, service } = parametersOf(challenge);
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: credentials?.identityToken ?? '',
    service,
    client_id: clientId,
    scope: scopes.join(' '),
    ...(offline && { access_type: 'offline' }),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', url, headers, body: Buffer.from(form.toString()) };
}

function parseReply(body: Buffer): Record<string, unknown> {
  try {
    return (JSON.parse(body.toString()) ?? {}) as Record<string, unknown>;
  } catch (cause) {
    throw internal(`unable to decode token response: ${errorMessage(cause)}`, { cause });
  }
}
