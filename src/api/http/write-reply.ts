import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Headers, Reply } from './reply.ts';

/**
 * Sends a reply and ends the response. A stream that fails before its head is sent throws; one that
 * fails later breaks the connection, so that the client cannot take it for whole.
 */
export async function writeReply(
  response: ServerResponse,
  reply: Reply,
  common: Headers,
): Promise<void> {
  for (const headers of [common, reply.headers]) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  }
  response.statusCode = reply.status;
  if (reply.kind === 'stream') return await writeStream(response, reply);
  if (reply.status !== 204 && reply.status !== 304) {
    response.setHeader('content-length', Buffer.byteLength(reply.body));
  }
  response.end(reply.body);
}

async function writeStream(
  response: ServerResponse,
  { body, head }: Reply & { kind: 'stream' },
): Promise<void> {
  if (head === 'at-once') response.flushHeaders();
  try {
    for await (const chunk of body) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await drained(response);
    }
    response.end();
  } catch (error) {
    if (!response.headersSent) throw error;
    response.destroy(error as Error);
  }
}

/** Resolves when more may be written, or nothing more can be because the client is gone. */
async function drained(response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  try {
    if (!response.destroyed) await once(response, 'drain', { signal: gone.signal });
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    response.off('close', leave);
  }
}
