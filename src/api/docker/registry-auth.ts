import type { IncomingHttpHeaders } from 'node:http';

/** What a client gave to log in to a registry with. */
export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

/**
 * The credentials of `X-Registry-Auth`, base64url of JSON. As in Docker, a header that cannot be
 * read counts as none: the registry then says what it misses.
 */
export function registryAuthOf(headers: IncomingHttpHeaders): RegistryAuth | undefined {
  return readAuth(decodeHeader(headers['x-registry-auth']));
}

/** The credentials of `X-Registry-Config`, by registry host; the Hub is `docker.io`. */
export function registryConfigOf(headers: IncomingHttpHeaders): Record<string, RegistryAuth> {
  const config = decodeHeader(headers['x-registry-config']);
  if (typeof config !== 'object' || config === null) return {};
  return Object.fromEntries(
    Object.entries(config).flatMap(([address, value]) => {
      const auth = readAuth(value);
      return auth ? [[registryHost(address), auth]] : [];
    }),
  );
}

const hubHosts = new Set(['index.docker.io', 'registry-1.docker.io', 'docker.io']);

/** `https://index.docker.io/v1/` is `docker.io`, `http://host:5000/v2/` is `host:5000`. */
export function registryHost(address: string): string {
  const host = address.replace(/^[a-z]+:\/\//i, '').split('/')[0]!;
  return hubHosts.has(host) ? 'docker.io' : host;
}

function decodeHeader(header: string | string[] | undefined): unknown {
  if (typeof header !== 'string' || header === '') return undefined;
  try {
    return JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function readAuth(value: unknown): RegistryAuth | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Record<string, unknown>;
  const text = (name: string) => (typeof record[name] === 'string' ? record[name] : '');
  const [, user = '', secret = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(text('auth'), 'base64').toString('utf8')) ?? [];
  const auth = {
    username: text('username') || user,
    password: text('password') || secret,
    identityToken: text('identitytoken') || undefined,
    registryToken: text('registrytoken') || undefined,
  };
  return auth.username || auth.identityToken || auth.registryToken ? auth : undefined;
}
