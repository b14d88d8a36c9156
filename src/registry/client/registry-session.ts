import type { OutgoingHttpHeaders } from 'node:http';
import { invalid, unavailable } from '../../core/index.ts';
import type { Credentials } from '../credentials.ts';
import type { Agents } from './agents.ts';
import { type Challenge, parseChallenges } from './challenges.ts';
import type { Endpoint } from './endpoints.ts';
import { discard, exchange, type HttpCall, type HttpReply } from './http-exchange.ts';
import { locationIn } from './locations.ts';
import { abortable, type Pause, pauseBefore } from './pauses.ts';
import { printable } from './printable.ts';
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
  readonly pings: Map<string, KeptPing>;
  readonly userAgent: string;
  readonly silenceMs: number;
  readonly pause: Pause;
  readonly warn: (text: string, host: string) => void;
}

/** What a registry said of itself, to be asked again after a while: registries are set up anew. */
export interface KeptPing {
  readonly ping: Promise<Ping>;
  readonly untilMs: number;
}

const pingStaysMs = 5 * 60_000;
const mostPings = 1000;
const mostTries = 4;
const mostRedirects = 10;
const busy = new Set([429, 502, 503, 504]);

export function openRegistrySession(
  endpoint: Endpoint,
  credentials: Credentials | undefined,
  shared: SharedConnections,
): RegistrySession {
  const { agents, tokens, pings, pause, userAgent, warn } = shared;

  const key = `${endpoint.host} ${endpoint.origins}`;

  async function ping(signal?: AbortSignal): Promise<Ping> {
    const known = pings.get(key);
    if (known && known.untilMs > Date.now()) return abortable(known.ping, signal);
    const asked = pingRegistry(endpoint, (url) => send({ method: 'GET', url, headers: {} }));
    const kept = { ping: asked, untilMs: Date.now() + pingStaysMs };
    const forget = () => void (pings.get(key) === kept && pings.delete(key));
    if (pings.size >= mostPings) pings.clear();
    pings.set(key, kept);
    asked.then(({ isCertain }) => isCertain || forget(), forget);
    return abortable(asked, signal);
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
  async function sendAuthorized(call: RegistryCall): Promise<{ reply: HttpReply; shown?: string }> {
    const { method, scopes, silenceMs, signal } = call;
    const { origin } = await ping(signal);
    let url = new URL(call.target, origin);
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const shown = url.origin === origin ? await authorization.header(scopes, signal) : undefined;
      const headers = { ...call.headers, ...(shown !== undefined && { authorization: shown }) };
      const reply = await send({ method, url, headers, body: call.body?.(), silenceMs, signal });
      const { location } = reply.headers;
      if (location === undefined || !mayFollow(method, reply.status)) return { reply, shown };
      discard(reply);
      url = locationIn(url, location, endpoint);
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
        const { reply, shown } = await sendAuthorized(call);
        // Nothing was shown: the registry may have begun to ask for something since the ping.
        const isUnasked = reply.status === 401 && shown === undefined;
        if (!isRenewed && (isUnasked || isStaleToken(reply))) {
          isRenewed = true;
          if (isUnasked) pings.delete(key);
          else tokens.forget();
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
  return texts.map(([, text]) => printable(text!.replace(/\\(.)/g, '$1')));
}

/** What is thrown where a registry breaks the protocol; another try may find it mended. */
export function brokenPromise(host: string, what: string) {
  return unavailable(`registry ${host}: ${what}`, { code: 'REGISTRY_BROKEN' });
}
