import { type ByteStream, invalid, notFound } from '../../core/index.ts';
import type { Descriptor } from '../../image/index.ts';
import { errorOf } from './error-reply.ts';
import { bodyOf, discard, type HttpReply } from './http-exchange.ts';
import { pauseBefore } from './pauses.ts';
import type { RegistrySession } from './registry-session.ts';
import { isTransient } from './transport-error.ts';

/** Cuts in a row, without a byte between them, after which the download fails. */
const mostCuts = 5;

/**
 * A blob's bytes from `offset` on. A connection that breaks is taken up again where it broke, by a
 * Range request, or by reading over what is known where the registry does not know ranges. Throws
 * `not-found`, and `invalid` when more bytes come than the descriptor names.
 */
export async function* downloadBlob(
  session: RegistrySession,
  blob: { path: string; descriptor: Descriptor; scopes: readonly string[] },
  { offset, signal }: { offset: number; signal?: AbortSignal },
): ByteStream {
  const { descriptor } = blob;
  let position = offset;
  let cuts = 0;
  while (position < descriptor.size) {
    const start = position;
    try {
      for await (const chunk of bytesFrom(session, blob, position, signal)) {
        position += chunk.length;
        if (position > descriptor.size) {
          throw invalid(
            `download ${descriptor.digest}: more than the announced ${descriptor.size} bytes`,
            { code: 'SIZE_INVALID' },
          );
        }
        yield chunk;
      }
      if (position >= descriptor.size) return;
      cuts = position > start ? 1 : cuts + 1;
      if (cuts >= mostCuts) throw ended(descriptor, position);
    } catch (error) {
      if (!isTransient(error) || signal?.aborted) throw error;
      cuts = position > start ? 1 : cuts + 1;
      if (cuts >= mostCuts) throw error;
    }
    await session.pause(pauseBefore(cuts), signal);
  }
}

async function* bytesFrom(
  session: RegistrySession,
  { path, descriptor, scopes }: { path: string; descriptor: Descriptor; scopes: readonly string[] },
  position: number,
  signal?: AbortSignal,
): ByteStream {
  const headers = position > 0 ? { range: `bytes=${position}-` } : {};
  const reply = await session.request({ method: 'GET', target: path, scopes, headers, signal });
  if (reply.status === 404) {
    discard(reply);
    throw notFound(`unknown blob`, { code: 'BLOB_UNKNOWN', details: descriptor.digest });
  }
  if (reply.status !== 200 && reply.status !== 206) throw await errorOf(reply);
  let skip = position - startOf(reply);
  if (skip < 0) {
    throw invalid(`download ${reply.url}: bytes from ${position} were asked for, later ones came`);
  }
  for await (const chunk of bodyOf(reply)) {
    const wanted = skip > 0 ? chunk.subarray(Math.min(skip, chunk.length)) : chunk;
    skip -= chunk.length - wanted.length;
    if (wanted.length > 0) yield wanted;
  }
}

/** The offset the reply's body begins at. Throws `invalid` when it does not say. */
function startOf({ status, headers, url }: HttpReply): number {
  if (status === 200) return 0;
  const match = /^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '');
  if (match) return Number(match[1]);
  throw invalid(`download ${url}: part of it came without a Content-Range`);
}

function ended({ digest, size }: Descriptor, position: number) {
  return invalid(`download ${digest}: it ends after ${position} of ${size} bytes`, {
    code: 'SIZE_INVALID',
  });
}
