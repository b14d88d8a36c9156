import { STATUS_CODES } from 'node:http';
import { BerthError, unauthorized } from '../../core/index.ts';
import type { Credentials } from '../credentials.ts';
import { discard } from './http-exchange.ts';
import type { RegistryClient } from './registry-client.ts';

/**
 * Tries the credentials at a registry: `docker login`. The address may have scheme and path, which
 * do not count. Gives a refresh token where the registry hands one out. Throws `unauthorized` in
 * Docker's words.
 */
export async function checkLogin(
  client: RegistryClient,
  address: string,
  credentials: Credentials,
  signal?: AbortSignal,
): Promise<{ identityToken?: string }> {
  const session = client.sessions(registryHost(address), 'push', credentials)[0]!;
  const { origin } = await session.ping(signal);
  const url = `${origin}/v2/`;
  try {
    const token = await session.token([], { offline: true, signal });
    const reply = await session.request({ method: 'GET', target: url, scopes: [], signal });
    discard(reply);
    if (reply.status === 200) {
      return token?.refreshToken === undefined ? {} : { identityToken: token.refreshToken };
    }
    const status = `${reply.status} ${STATUS_CODES[reply.status] ?? ''}`.trim();
    throw unauthorized(`login attempt to ${url} failed with status: ${status}`);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'UNAUTHORIZED') throw error;
    throw unauthorized(`Get "${url}": ${error.message}`, { code: error.code, cause: error });
  }
}

/** The registry an address means: `https://index.docker.io/v1/` is the Hub. */
function registryHost(address: string): string {
  const host = address.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const isHub = ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host);
  return isHub ? 'docker.io' : host;
}
