import { invalid } from '../core/index.ts';

/** What a Docker client sends along for one registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** A refresh token from an earlier login, used in place of the password. */
  readonly identityToken?: string;
  /** A bearer token, used as it is. */
  readonly registryToken?: string;
}

/**
 * Reads an X-Registry-Auth header: base64url of `{"username", "password", "identitytoken",
 * "registrytoken"}`. Undefined when it holds no credentials. Throws `invalid` in Docker's words.
 */
export function parseRegistryAuth(header: string | undefined): Credentials | undefined {
  if (header === undefined || header === '') return undefined;
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(Buffer.from(header, 'base64url').toString() || '{}') ?? {};
  } catch (cause) {
    throw invalid(`invalid X-Registry-Auth header: ${(cause as Error).message}`, { cause });
  }
  const text = (name: string) => (typeof fields[name] === 'string' ? (fields[name] as string) : '');
  const [identityToken, registryToken] = [text('identitytoken'), text('registrytoken')];
  if (registryToken !== '' && !isToken(registryToken)) {
    throw invalid('invalid X-Registry-Auth header: the registrytoken cannot stand in a header');
  }
  const credentials: Credentials = {
    username: text('username'),
    password: text('password'),
    ...(identityToken !== '' && { identityToken }),
    ...(registryToken !== '' && { registryToken }),
  };
  const isEmpty = credentials.username === '' && identityToken === '' && registryToken === '';
  return isEmpty ? undefined : credentials;
}

/** Whether the text can stand in a header as a bearer token does. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** The Authorization header of basic credentials (RFC 7617). */
export function basicHeader({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
