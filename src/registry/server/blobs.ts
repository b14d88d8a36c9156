import type { ServerResponse } from 'node:http';
import {
  type ByteStream,
  notFound,
  parseDigest,
  unavailable,
  unsupported,
} from '../../core/index.ts';
import { parseRange } from './byte-ranges.ts';
import type { Exchange } from './exchange.ts';
import { oneError } from './oci-errors.ts';
import type { Handler } from './routes.ts';
import type { BlobStorage } from './storage.ts';

/** GET, HEAD and DELETE of `/v2/<name>/blobs/<digest>`. */
export function blobHandlers(blobs: BlobStorage): Record<'get' | 'delete', Handler> {
  async function get({ request, reply, repository, reference }: Exchange): Promise<void> {
    const digest = parseDigest(reference);
    const sizeBytes = await blobs.sizeOf(repository, digest);
    if (sizeBytes === undefined) throw unknown(repository, digest);
    const etag = `"${digest}"`;
    const headers: Record<string, string | number> = {
      'docker-distribution-api-version': 'registry/2.0',
      'docker-content-digest': digest,
      'content-type': 'application/octet-stream',
      'cache-control': 'private, max-age=31536000, immutable',
      'accept-ranges': 'bytes',
      etag,
    };
    const { 'if-none-match': known, 'if-range': ifRange, range: rangeHeader } = request.headers;
    if (known === etag) {
      reply.code(304).headers(headers).send();
      return;
    }
    const asked = ifRange === undefined || ifRange === etag ? rangeHeader : undefined;
    const range = request.method === 'HEAD' ? undefined : parseRange(asked, sizeBytes);
    if (range === 'unsatisfiable') {
      const { body } = oneError(416, 'UNSUPPORTED', `range ${asked} of ${sizeBytes} bytes`);
      reply.code(416).header('content-range', `bytes */${sizeBytes}`).send(body);
      return;
    }
    const { start, end } = range ?? { start: 0, end: sizeBytes };
    headers['content-length'] = end - start;
    if (range) headers['content-range'] = `bytes ${start}-${end - 1}/${sizeBytes}`;
    if (request.method === 'HEAD') {
      reply.headers(headers).send();
      return;
    }
    reply.hijack();
    reply.raw.writeHead(range ? 206 : 200, headers);
    if (start === end) reply.raw.end();
    else await send(reply.raw, blobs.open(digest, { start, end }));
  }

  async function remove({ reply, repository, reference }: Exchange): Promise<void> {
    const digest = parseDigest(reference);
    const result = await blobs.unlink(repository, digest);
    if (result === 'unknown') throw unknown(repository, digest);
    if (result === 'referenced') {
      throw unsupported(`delete blob ${digest}: a manifest of ${repository} names it`);
    }
    reply.code(202).send();
  }

  return { get, delete: remove };
}

function unknown(repository: string, digest: string) {
  return notFound(`find blob ${digest}: not in ${repository}`, { code: 'BLOB_UNKNOWN' });
}

/** What breaks in the middle breaks the connection: the status is out already. */
async function send(response: ServerResponse, content: ByteStream): Promise<void> {
  try {
    for await (const chunk of content) {
      if (response.destroyed) return;
      await written(response, chunk);
    }
    response.end();
  } catch (error) {
    const gone = response.destroyed;
    response.destroy();
    if (!gone) throw error;
  }
}

/** Settles when the system has the chunk, whose memory is its stream's again from then on. */
function written(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = () => reject(unavailable('send blob: the client is gone'));
    response.once('close', closed);
    response.write(chunk, (error) => {
      response.off('close', closed);
      if (error) reject(error);
      else resolve();
    });
  });
}
