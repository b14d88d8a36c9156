import { invalid, unauthorized } from '../../core/index.ts';
import { basicHeader, type Credentials, isToken } from '../credentials.ts';
import type { Endpoint } from './endpoints.ts';
import { abortable } from './pauses.ts';
import type { Ping } from './registry-ping.ts';
import type { Token, tokenStore } from './token-store.ts';

export interface TokenOptions {
  /** Asks for a refresh token too. */
  readonly offline: boolean;
  readonly signal?: AbortSignal;
}

/** What one user shows to one registry, as its challenge asks for it. */
export function registryAuthorization(options: {
  endpoint: Endpoint;
  credentials?: Credentials;
  tokens: ReturnType<typeof tokenStore>;
  ping: (signal?: AbortSignal) => Promise<Ping>;
}) {
  const { endpoint, credentials, tokens, ping } = options;

  /** A token for the scopes, or undefined when the registry does not want one. */
  async function token(
    scopes: readonly string[],
    { offline, signal }: TokenOptions,
  ): Promise<Token | undefined> {
    const { origin, challenges } = await ping(signal);
    const challenge = challenges.find(({ scheme }) => scheme === 'bearer');
    if (!challenge) return undefined;
    const realm = challenge.parameters.get('realm') ?? '';
    const isDowngrade = origin.startsWith('https:') && realm.startsWith('http:');
    if (credentials && isDowngrade && !endpoint.insecure) {
      throw invalid(
        `get token: ${endpoint.host} would have the password sent unencrypted to ${realm}`,
      );
    }
    return abortable(tokens.get({ challenge, scopes, credentials, offline }), signal);
  }

  /** The Authorization header; undefined when none is wanted. */
  async function header(
    scopes: readonly string[],
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    if (credentials?.registryToken) {
      if (isToken(credentials.registryToken)) return `Bearer ${credentials.registryToken}`;
      throw invalid(`log in to ${endpoint.host}: the token given for it is none`);
    }
    const bearer = await token(scopes, { offline: false, signal });
    if (bearer) return `Bearer ${bearer.token}`;
    const { challenges } = await ping(signal);
    if (!challenges.some(({ scheme }) => scheme === 'basic')) return undefined;
    if (!credentials) throw unauthorized('no basic auth credentials');
    return basicHeader(credentials);
  }

  return { token, header };
}
