/** What a Docker client sends along for one registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** A refresh token from an earlier login, used in place of the password. */
  readonly identityToken?: string;
  /** A bearer token, used as it is. */
  readonly registryToken?: string;
}

/** Whether the text can stand in a header as a bearer token does. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** The Authorization header of basic credentials (RFC 7617). */
export function basicHeader({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
