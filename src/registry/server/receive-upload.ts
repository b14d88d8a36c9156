import type { IncomingMessage } from 'node:http';
import { type Digest, invalid } from '../../core/index.ts';
import { parseContentRange } from './byte-ranges.ts';
import { bodyChunks, hasBody } from './request-body.ts';
import type { Upload } from './storage.ts';

/**
 * Appends a request's body to the upload, which may grow to `blobBytes`. When the body breaks off,
 * what came is kept, so that the client can go on from there. Throws `invalid` (SIZE_INVALID,
 * BODY_TOO_LARGE) when more or less comes than the request announced or than there is room for.
 */
export async function receiveChunk(
  request: IncomingMessage,
  upload: Upload,
  blobBytes: number,
): Promise<void> {
  const range = parseContentRange(request.headers['content-range']);
  const announced = range && range !== 'invalid' ? range.end - range.start : undefined;
  const room = blobBytes - upload.offset;
  const lengthBytes = Number(request.headers['content-length'] ?? 0);
  if (Math.max(lengthBytes, announced ?? 0) > room) {
    throw invalid(`size invalid: a blob may have ${blobBytes} bytes`, { code: 'BODY_TOO_LARGE' });
  }
  const before = upload.offset;
  await appendBody(request, upload, announced ?? room);
  const received = upload.offset - before;
  if (announced !== undefined && received < announced) {
    throw invalid(`size invalid: Content-Range announced ${announced} bytes, ${received} came`, {
      code: 'SIZE_INVALID',
    });
  }
}

async function appendBody(
  request: IncomingMessage,
  upload: Upload,
  limitBytes: number,
): Promise<void> {
  let receivedBytes = 0;
  for await (const chunk of bodyChunks(request)) {
    receivedBytes += chunk.length;
    if (receivedBytes > limitBytes) {
      throw invalid(`size invalid: more than the announced ${limitBytes} bytes`, {
        code: 'SIZE_INVALID',
      });
    }
    await upload.write(chunk);
  }
}

/** Appends the body, if there is one, and commits the upload under its digest. */
export async function receiveLast(
  request: IncomingMessage,
  upload: Upload,
  { digest, blobBytes }: { digest: Digest; blobBytes: number },
): Promise<void> {
  if (hasBody(request)) await receiveChunk(request, upload, blobBytes);
  // Syncing a large file to disk may take longer than a connection may be silent.
  const { socket } = request;
  const patienceMs = socket.timeout ?? 0;
  socket.setTimeout(0);
  try {
    await upload.commit(digest);
  } finally {
    socket.setTimeout(patienceMs);
  }
}
