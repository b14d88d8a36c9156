import type { IncomingMessage, ServerResponse } from 'node:http';
import { invalid, unavailable } from '../../core/index.ts';

/** How slow a sender may be before it is cut off: at least `bytes` in each `perMs`. */
export interface Pace {
  readonly bytes: number;
  readonly perMs: number;
}

const patientPace: Pace = { bytes: 4096, perMs: 30_000 };

const hesitating = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * Notes a client that waits for a 100 before it sends its body: it gets one when the body is first
 * read, so that a refused request sends none. An answer without it ends the connection: nobody
 * knows whether the body will still come, or the next request.
 */
export function noteHesitating(request: IncomingMessage, response: ServerResponse): void {
  hesitating.set(request, response);
  response.setHeader('connection', 'close');
}

/**
 * The body's chunks. Leaving the loop early keeps the connection, so that an answer can be sent.
 * Throws `unavailable` when the sender is gone or slower than `pace`.
 */
export async function* bodyChunks(
  request: IncomingMessage,
  pace: Pace = patientPace,
): AsyncIterable<Buffer> {
  letSend(request);
  let receivedBytes = 0;
  // While a chunk is being stored, nobody reads: the sender cannot be blamed for that time.
  let isStoring = false;
  const watch = setInterval(() => {
    if (receivedBytes < pace.bytes && !isStoring) {
      request.destroy(new Error('the sender is too slow'));
    }
    receivedBytes = 0;
  }, pace.perMs);
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      receivedBytes += chunk.length;
      isStoring = true;
      yield chunk;
      isStoring = false;
    }
  } catch (cause) {
    throw unavailable(`read request body: ${(cause as Error).message}`, { cause });
  } finally {
    clearInterval(watch);
  }
}

function letSend(request: IncomingMessage): void {
  const response = hesitating.get(request);
  if (!response) return;
  hesitating.delete(request);
  response.removeHeader('connection');
  response.writeContinue();
}

/** A whole small body. Throws `invalid` (SIZE_INVALID) as soon as it passes the limit. */
export async function readSmallBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    invalid(`size invalid: the body has more than the allowed ${limitBytes} bytes`, {
      code: 'BODY_TOO_LARGE',
    });
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of bodyChunks(request)) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, sizeBytes);
}

/** Whether the request announces a body of at least one byte, or of unknown length. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || Number(length ?? 0) > 0;
}
