import type { OutgoingHttpHeaders } from 'node:http';
import { invalid, unavailable } from '../../core/index.ts';
import type { Credentials } from '../credentials.ts';
import type { Agents } from './agents.ts';
import { type Challenge, parseChallenges } from './challenges.ts';
import type { Endpoint } from './endpoints.ts';
import { discard, exchange, type HttpCall, type HttpReply } from './http-exchange.ts';
import { abortable, type Pause, pauseBefore } from './pauses.ts';
import { registryAuthorization, type TokenOptions } from './registry-authorization.ts';
import { type Ping, pingRegistry } from './registry-ping.ts';
import type { Token, tokenStore } from './token-store.ts';
import { isTransient } from './transport-error.ts';

/** One registry, as one user sees it. */
export interface RegistrySession {
  readonly endpoint: Endpoint;
  /** Sends a request with what it takes to be let in, and tries again what may pass. */
  request(call: RegistryCall): Promise<HttpReply>;
  /** Where the registry is and what it wants to be shown. */
  ping(signal?: AbortSignal): Promise<Ping>;
  /** A token for the scopes, or undefined when the registry does not want one. */
  token(scopes: readonly string[], options: TokenOptions): Promise<Token | undefined>;
  /** Waits between tries. */
  readonly pause: Pause;
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

/** What the sessions of one client share. */
export interface SharedConnections {
  readonly agents: Agents;
  readonly tokens: ReturnType<typeof tokenStore>;
  readonly pings: Map<string, Promise<Ping>>;
  readonly userAgent: string;
  readonly silenceMs: number;
  readonly pause: Pause;
  readonly warn: (text: string, host: string) => void;
}

const mostTries = 4;
const mostRedirects = 10;
const busy = new Set([429, 502, 503, 504]);

export function openRegistrySession(
  endpoint: Endpoint,
  credentials: Credentials | undefined,
  shared: SharedConnections,
): RegistrySession {
  const { agents, tokens, pings, pause, userAgent, warn } = shared;

  async function ping(signal?: AbortSignal): Promise<Ping> {
    const key = `${endpoint.host} ${endpoint.origins}`;
    let found = pings.get(key);
    if (!found) {
      found = pingRegistry(endpoint, (url) => send({ method: 'GET', url, headers: {} }));
      pings.set(key, found);
      found.catch(() => pings.delete(key));
    }
    return abortable(found, signal);
  }

  const authorization = registryAuthorization({ endpoint, credentials, tokens, ping });

  async function send(
    call: Omit<HttpCall, 'agent' | 'silenceMs'> & { silenceMs?: number },
  ): Promise<HttpReply> {
    const reply = await exchange({
      ...call,
      silenceMs: call.silenceMs ?? shared.silenceMs,
      headers: { 'user-agent': userAgent, ...call.headers },
      agent: agents.agentFor(call.url, { insecure: endpoint.insecure }),
    });
    for (const text of warningsOf(reply)) warn(text, endpoint.host);
    return reply;
  }

  /** Sends once, and where redirects lead; only the registry itself is shown credentials. */
  async function sendAuthorized(call: RegistryCall): Promise<HttpReply> {
    const { method, scopes, silenceMs, signal } = call;
    const { origin } = await ping(signal);
    let url = new URL(call.target, origin);
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const shown = url.origin === origin ? await authorization.header(scopes, signal) : undefined;
      const headers = { ...call.headers, ...(shown !== undefined && { authorization: shown }) };
      const reply = await send({ method, url, headers, body: call.body?.(), silenceMs, signal });
      const { location } = reply.headers;
      if (location === undefined || !mayFollow(method, reply.status)) return reply;
      discard(reply);
      url = redirected(url, location, endpoint);
    }
    throw invalid(`${method} "${url.origin}": stopped after ${mostRedirects} redirects`);
  }

  async function request(call: RegistryCall): Promise<HttpReply> {
    // Not reached at all is an error at once: nothing below tries that again.
    await ping(call.signal);
    let isRenewed = false;
    for (let attempt = 1; ; attempt++) {
      const isLast = call.retry === false || attempt >= mostTries;
      let pauseMs: number;
      try {
        const reply = await sendAuthorized(call);
        if (!isRenewed && isStaleToken(reply)) {
          isRenewed = true;
          tokens.forget();
          discard(reply);
          continue;
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

  return { endpoint, request, ping, token: authorization.token, pause };
}

function mayFollow(method: string, status: number): boolean {
  if (status === 307 || status === 308) return true;
  return (method === 'GET' || method === 'HEAD') && [301, 302, 303].includes(status);
}

function redirected(from: URL, location: string, { insecure }: Endpoint): URL {
  const url = URL.parse(location, from.href);
  if (!url) throw invalid(`follow redirect of ${from}: "${location}" is no address`);
  const isPlain = url.protocol === 'http:' && (from.protocol === 'http:' || insecure);
  if (url.protocol === 'https:' || isPlain) return url;
  throw invalid(`follow redirect of ${from}: ${url.origin} is not https`);
}

/** A token ended on the way, or its server signs with another key since. */
function isStaleToken({ status, headers }: HttpReply): boolean {
  if (status !== 401) return false;
  const isInvalid = ({ parameters }: Challenge) => parameters.get('error') === 'invalid_token';
  return parseChallenges(headers['www-authenticate']).some(isInvalid);
}

/** Texts of `Warning: 299 - "text"` headers (distribution-spec, Warnings). */
function warningsOf({ headers }: HttpReply): string[] {
  const { warning } = headers;
  if (warning === undefined) return [];
  const texts = [...warning.slice(0, 4096).matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)];
  return texts.map(([, text]) => text!.replace(/\\(.)/g, '$1').replace(/[\x00-\x1f\x7f]/g, ' '));
}

/** What is thrown where a registry breaks the protocol; another try may find it mended. */
export function brokenPromise(host: string, what: string) {
  return unavailable(`registry ${host}: ${what}`, { code: 'REGISTRY_BROKEN' });
}
