import type { IncomingMessage } from 'node:http';
import { invalid } from '../../core/index.ts';
import { bodyChunks } from './request-body.ts';
import type { Upload } from './storage.ts';

/** Sockets give 64 KiB at a time; storage is asked far less often. */
const batchBytes = 1024 * 1024;

/**
 * Appends the request's body to the upload, reading on while it is written. When the body breaks off,
 * what came is stored before the error is thrown, so that the client can go on from there. Throws
 * `invalid` (SIZE_INVALID) when more than `limitBytes` come, and stores nothing beyond.
 */
export async function receiveUpload(
  request: IncomingMessage,
  upload: Upload,
  limitBytes: number,
): Promise<void> {
  let batch: Buffer[] = [];
  let batched = 0;
  let receivedBytes = 0;
  let writing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    await writing;
    if (batched === 0) return;
    const content = batch.length === 1 ? batch[0]! : Buffer.concat(batch, batched);
    batch = [];
    batched = 0;
    writing = upload.write(content);
    // Awaited at the next flush; until then a failure must not count as unhandled.
    writing.catch(() => {});
  }

  try {
    for await (const chunk of bodyChunks(request)) {
      receivedBytes += chunk.length;
      if (receivedBytes > limitBytes) {
        throw invalid(`size invalid: more than the announced ${limitBytes} bytes`, {
          code: 'SIZE_INVALID',
        });
      }
      batch.push(chunk);
      batched += chunk.length;
      if (batched >= batchBytes) await flush();
    }
  } finally {
    await flush();
    await writing;
  }
}
