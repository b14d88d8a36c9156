import { message } from '../core/index.ts';
import type { UnaryMethod } from './grpc/channel.ts';

/*
 * Blobs by their digest (containerd, api/services/content/v1/content.proto), with the field numbers
 * of that file, as far as they are only read.
 */

const path = (method: string) => `/containerd.services.content.v1.Content/${method}`;

/** Throws `not-found` where there is no such blob. */
export const contentInfo: UnaryMethod<
  { digest: string },
  { info: { digest: string; size: number | string } | null }
> = {
  path: path('Info'),
  request: message({ digest: [1, 'string'] }),
  response: message({ info: [1, { digest: [1, 'string'], size: [2, 'int64'] }] }),
};

/** A method that answers with several messages; of size 0, all from the offset on. */
export const contentRead = {
  path: path('Read'),
  request: message<{ digest: string; offset: number | string; size: number | string }>({
    digest: [1, 'string'],
    offset: [2, 'int64'],
    size: [3, 'int64'],
  }),
  response: message<{ offset: number | string; data: Uint8Array }>({
    offset: [1, 'int64'],
    data: [2, 'bytes'],
  }),
};
