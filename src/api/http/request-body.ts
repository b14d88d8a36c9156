import type { IncomingHttpHeaders } from 'node:http';
import { type ByteStream, collect, invalid } from '../../core/index.ts';

const jsonLimitBytes = 8 * 2 ** 20;

/**
 * The body as JSON; undefined for an empty one when `optional`. Throws `invalid` in Docker's words
 * for a wrong content type, broken JSON or more than 8 MiB.
 */
export async function readJson(
  body: ByteStream,
  headers: IncomingHttpHeaders,
  optional: boolean,
): Promise<unknown> {
  const content = (await collect(body, jsonLimitBytes)).toString('utf8').trim();
  const type = headers['content-type'];
  if (type !== undefined && !/^application\/json\s*(;|$)/i.test(type.trim())) {
    if (content === '' && optional) return undefined;
    throw invalid(`unsupported Content-Type header (${type}): must be 'application/json'`);
  }
  if (content === '') {
    if (optional) return undefined;
    throw invalid('invalid JSON: got EOF while reading request body');
  }
  if (type === undefined) {
    throw invalid(`unsupported Content-Type header (): must be 'application/json'`);
  }
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw invalid(`invalid JSON: ${(cause as Error).message}`, { cause });
  }
}
