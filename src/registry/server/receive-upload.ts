import type { IncomingMessage } from 'node:http';
import { invalid } from '../../core/index.ts';
import { bodyChunks } from './request-body.ts';
import type { Upload } from './storage.ts';

/**
 * Appends the request's body to the upload. When the body breaks off, what came is kept, so that the
 * client can go on from there. Throws `invalid` (SIZE_INVALID) when more than `limitBytes` come, and
 * stores nothing beyond.
 */
export async function receiveUpload(
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
