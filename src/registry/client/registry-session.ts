import type { OutgoingHttpHeaders } from 'node:http';
import { BerthError, invalid, unauthorized, unavailable } from '../../core/index.ts';
import { basicHeader, type Credentials } from '../credentials.ts';
import type { Agents } from './agents.ts';
import { type Challenge, parseChallenges } from './challenges.ts';
import type { Endpoint } from './endpoints.ts';
import { discard, exchange, type HttpCall, type HttpReply } from './http-exchange.ts';
import { abortable, type Pause, pauseBefore } from './pauses.ts';
import type { Token, tokenStore } from './token-store.ts';
import { isTransient, suggestsPlainHttp, unreachable } from './transport-error.ts';

/** One registry, as one user sees it. */
export interface RegistrySession {
  readonly endpoint: Endpoint;
  /** Sends a request with what it takes to be let in, and tries again what may pass. */
  request(call: RegistryCall): Promise<HttpReply>;
  /** Where the registry is and what it wants to be shown, found by GET /v2/. */
  ping(signal?: AbortSignal): Promise<Ping>;
  /** Waits between tries. */
  readonly pause: Pause;
  /** A token for the scopes, or undefined when the registry does not want one. */
  token(
    scopes: readonly string[],
    options: { offline: boolean; signal?: AbortSignal },
  ): Promise<Token | undefined>;
}

export interface RegistryCall {
  readonly method: string;
  /** A path of the registry, or an address it gave in a Location header. */
  readonly target: string | URL;
  /** What a token must allow: `repository:name:pull`. */
  readonly scopes: readonly string[];
  readonly headers?: OutgoingHttpHeaders;
  /** Called anew for each try. */
  readonly body?: () => NonNullable<HttpCall['body']>;
  /** Whether a broken connection or a busy server is tried again here; the default. */
  readonly retry?: boolean;
  readonly silenceMs?: number;
  readonly signal?: AbortSignal;
}

export interface Ping {
  readonly origin: string;
  readonly challenges: readonly Challenge[];
}

const mostTries = 4;
const mostRedirects = 10;
const busy = new Set([429, 502, 503, 504]);

export function openRegistrySession(options: {
  endpoint: Endpoint;
  credentials?: Credentials;
  agents: Agents;
  tokens: ReturnType<typeof tokenStore>;
  /** Shared by the sessions of one client. */
  pings: Map<string, Promise<Ping>>;
  userAgent: string;
  silenceMs: number;
  pause: Pause;
  warn: (text: string, host: string) => void;
}): RegistrySession {
  const { endpoint, credentials, agents, tokens, pings, pause } = options;
  const pingKey = `${endpoint.host} ${endpoint.origins}`;

  async function ping(signal?: AbortSignal): Promise<Ping> {
    let found = pings.get(pingKey);
    if (!found) {
      found = findOrigin();
      pings.set(pingKey, found);
      found.catch(() => pings.delete(pingKey));
    }
    return abortable(found, signal);
  }

  async function findOrigin(): Promise<Ping> {
    for (const [index, origin] of endpoint.origins.entries()) {
      try {
        const reply = await send({
          method: 'GET',
          url: new URL('/v2/', origin),
          headers: {},
        });
        discard(reply);
        const isWanted = reply.status === 401;
        const header = reply.headers['www-authenticate'];
        return { origin, challenges: isWanted ? parseChallenges(header) : [] };
      } catch (error) {
        if (index < endpoint.origins.length - 1 && suggestsPlainHttp(error)) continue;
        throw neverReached(error);
      }
    }
    throw invalid(`reach registry ${endpoint.host}: it has no address`);
  }

  async function send(call: Omit<HttpCall, 'agent' | 'silenceMs'> & { silenceMs?: number }) {
    const agent = agents.agentFor(call.url, { insecure: endpoint.insecure });
    const headers = { 'user-agent': options.userAgent, ...call.headers };
    const reply = await exchange({
      ...call,
      silenceMs: call.silenceMs ?? options.silenceMs,
      headers,
      agent,
    });
    for (const text of warningsOf(reply)) options.warn(text, endpoint.host);
    return reply;
  }

  async function token(
    scopes: readonly string[],
    { offline, signal }: { offline: boolean; signal?: AbortSignal },
  ): Promise<Token | undefined> {
    const { origin, challenges } = await ping(signal);
    const challenge = challenges.find(({ scheme }) => scheme === 'bearer');
    if (!challenge) return undefined;
    const realm = challenge.parameters.get('realm') ?? '';
    if (
      credentials &&
      origin.startsWith('https:') &&
      realm.startsWith('http:') &&
      !endpoint.insecure
    ) {
      throw invalid(
        `get token: ${endpoint.host} would have the password sent unencrypted to ${realm}`,
      );
    }
    return abortable(tokens.get({ challenge, scopes, credentials, offline }), signal);
  }

  async function authorization({ scopes, signal }: RegistryCall): Promise<string | undefined> {
    if (credentials?.registryToken) return `Bearer ${credentials.registryToken}`;
    const { challenges } = await ping(signal);
    const bearer = await token(scopes, { offline: false, signal });
    if (bearer) return `Bearer ${bearer.token}`;
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
    if (!credentials) throw unauthorized('no basic auth credentials');
    return basicHeader(credentials);
  }

  /** Sends once, and where redirects lead; only the registry itself is shown credentials. */
  async function sendAuthorized(call: RegistryCall): Promise<HttpReply> {
    const { origin } = await ping(call.signal);
    let url = new URL(call.target, origin);
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const allowed = url.origin === origin ? await authorization(call) : undefined;
      const reply = await send({
        method: call.method,
        url,
        headers: { ...call.headers, ...(allowed !== undefined && { authorization: allowed }) },
        body: call.body?.(),
        silenceMs: call.silenceMs,
        signal: call.signal,
      });
      const { location } = reply.headers;
      if (location === undefined || !mayFollow(call.method, reply.status)) return reply;
      discard(reply);
      url = redirected(url, location);
    }
    throw invalid(`${call.method} "${url.origin}": stopped after ${mostRedirects} redirects`);
  }

  function redirected(from: URL, location: string): URL {
    const url = URL.parse(location, from.href);
    if (!url) throw invalid(`follow redirect of ${from}: "${location}" is no address`);
    const isPlain = url.protocol === 'http:' && (from.protocol === 'http:' || endpoint.insecure);
    if (url.protocol === 'https:' || isPlain) return url;
    throw invalid(`follow redirect of ${from}: ${url.origin} is not https`);
  }

  async function request(call: RegistryCall): Promise<HttpReply> {
    let isRenewed = false;
    await ping(call.signal);
    for (let attempt = 1; ; attempt++) {
      const isLast = call.retry === false || attempt >= mostTries;
      let pauseMs: number;
      try {
        const reply = await sendAuthorized(call);
        if (reply.status === 401 && !isRenewed) {
          isRenewed = true;
          const challenges = parseChallenges(reply.headers['www-authenticate']);
          if (isStale(challenges)) {
            tokens.forget();
            discard(reply);
            continue;
          }
        }
        if (!busy.has(reply.status) || isLast) return reply;
        discard(reply);
        pauseMs = pauseBefore(attempt, reply.headers['retry-after']);
      } catch (error) {
        if (isLast || !isTransient(error) || call.signal?.aborted) throw error;
        pauseMs = pauseBefore(attempt);
      }
      await pause(pauseMs, call.signal);
    }
  }

  return { endpoint, request, ping, token, pause };
}

/** A registry that was not reached at first will not be a moment later; better say so at once. */
function neverReached(error: unknown): unknown {
  if (!(error instanceof BerthError) || error.kind !== 'unavailable') return error;
  return unavailable(error.message, { code: unreachable, cause: error });
}

function mayFollow(method: string, status: number): boolean {
  if (status === 307 || status === 308) return true;
  return (method === 'GET' || method === 'HEAD') && [301, 302, 303].includes(status);
}

/** A token ended on the way, or its server signs with another key since. */
function isStale(challenges: readonly Challenge[]): boolean {
  return challenges.some(({ parameters }) => parameters.get('error') === 'invalid_token');
}

/** Texts of `Warning: 299 - "text"` headers (distribution-spec, Warnings). */
function warningsOf({ headers }: HttpReply): string[] {
  const { warning } = headers;
  if (warning === undefined) return [];
  const texts = [...warning.slice(0, 4096).matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)];
  return texts.map(([, text]) => text!.replace(/\\(.)/g, '$1').replace(/[\x00-\x1f\x7f]/g, ' '));
}

/** Throws unless the reply's body was what was promised: used where the registry breaks its word. */
export function brokenPromise(host: string, what: string) {
  return unavailable(`registry ${host}: ${what}`, { code: 'REGISTRY_BROKEN' });
}
