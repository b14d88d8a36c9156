import { invalid } from '../../core/index.ts';
import type { Endpoint } from './endpoints.ts';
import { printable } from './printable.ts';

/**
 * The address of a Location header in an answer of `from`. Throws `invalid` for one that is not HTTP,
 * and for one that would leave encryption behind.
 */
export function locationIn(
  from: URL,
  location: string,
  { insecure }: Pick<Endpoint, 'insecure'>,
): URL {
  const url = URL.parse(location, from.href);
  if (!url) throw invalid(`follow ${from.href}: "${printable(location)}" is no address`);
  const isPlain = url.protocol === 'http:' && (from.protocol === 'http:' || insecure);
  if (url.protocol === 'https:' || isPlain) return url;
  throw invalid(`follow ${from.href}: ${url.protocol}//${url.host} is not https`);
}
