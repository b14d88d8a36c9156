import { once } from 'node:events';
import {
  type ClientRequest,
  type Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as plainRequest,
} from 'node:http';
import { request as tlsRequest } from 'node:https';
import { type ByteStream, canceled, collect, unavailable } from '../../core/index.ts';
import { transportError } from './transport-error.ts';

export interface HttpCall {
  readonly method: string;
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Uint8Array | { readonly sizeBytes: number; readonly content: ByteStream };
  readonly agent: HttpAgent;
  /** How long the connection may be silent. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly url: URL;
  /** Must be read or discarded, or its connection is lost to others. */
  readonly body: IncomingMessage;
  readonly signal?: AbortSignal;
}

const headersLimitBytes = 64 * 1024;

/**
 * One HTTP request and the head of its reply. A reply that comes while the body is still being sent
 * ends the sending. Throws as `transportError`, or what the body's content threw.
 */
export async function exchange(call: HttpCall): Promise<HttpReply> {
  const { method, url, headers, agent, silenceMs, signal } = call;
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  const request = send(url, { method, headers, agent, signal, maxHeaderSize: headersLimitBytes });
  const { promise: replied, resolve, reject } = Promise.withResolvers<HttpReply>();
  request.setTimeout(silenceMs, () => {
    request.destroy(
      unavailable(
        `${method[0]}${method.slice(1).toLowerCase()} "${url}": net/http: request canceled (Client.Timeout exceeded while awaiting headers)`,
        { code: 'ETIMEDOUT' },
      ),
    );
  });
  request.on('error', (error) => reject(transportError(method, url, error)));
  request.on('response', (body) => {
    resolve({ status: body.statusCode ?? 0, headers: body.headers, url, body, signal });
  });
  if (call.body === undefined) request.end();
  else if (call.body instanceof Uint8Array) request.end(call.body);
  // Not awaited: a connection that breaks is told at once, however long the content takes to come.
  else void sendContent(request, call.body.content, replied);
  return replied;
}

async function sendContent(
  request: ClientRequest,
  content: ByteStream,
  replied: Promise<HttpReply>,
): Promise<void> {
  const over = new AbortController();
  const stop = () => over.abort();
  replied.then(stop, stop);
  try {
    for await (const chunk of content) {
      if (over.signal.aborted) return;
      if (!request.write(chunk)) await once(request, 'drain', { signal: over.signal });
    }
    request.end();
  } catch (error) {
    if (over.signal.aborted) return;
    request.destroy(error as Error);
  }
}

/** The whole body. Throws `invalid` beyond the limit, `unavailable` when it breaks off. */
export async function readBody(reply: HttpReply, limitBytes: number): Promise<Buffer> {
  return collect(bodyOf(reply), limitBytes);
}

/** The media type a reply announces, without parameters; '' for none. */
export function mediaTypeIn({ headers }: HttpReply): string {
  return headers['content-type']?.replace(/;.*/s, '').trim() ?? '';
}

/** The body's chunks, its errors in Docker's words. */
export async function* bodyOf({ body, url, signal }: HttpReply): ByteStream {
  try {
    yield* body;
  } catch (error) {
    if (signal?.aborted) throw canceled('context canceled', { cause: error });
    throw transportError('GET', url, error);
  }
}

/** Frees the connection, or drops it when much is still to come. */
export function discard({ body }: HttpReply): void {
  const length = Number(body.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  body.on('error', () => {});
  // What answers a HEAD is as long as it would be, and has no body.
  if (body.complete || length <= 64 * 1024) body.resume();
  else body.destroy();
}
