/** Name and password of an Authorization header (RFC 7617); undefined when it is not of that kind. */
export function parseBasic(header: string): { name: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The token of an Authorization header (RFC 6750). */
export function parseBearer(header: string): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(header)?.[1];
}
