import type { Digest } from '../../core/index.ts';
import { parseContentRange } from './byte-ranges.ts';
import type { Exchange } from './exchange.ts';
import { oneError } from './oci-errors.ts';
import type { Upload } from './storage.ts';

/** Where an upload is, and under which status to say so. */
export interface Progress {
  readonly status: 202 | 204 | 416;
  readonly id: string;
  readonly offset: number;
  readonly body?: object;
}

export function replyProgress(
  { reply, repository }: Exchange,
  { status, id, offset, body }: Progress,
): void {
  reply
    .code(status)
    .header('location', `/v2/${repository}/blobs/uploads/${id}`)
    .header('range', `0-${Math.max(offset - 1, 0)}`)
    .header('docker-upload-uuid', id)
    .send(body);
}

export function replyCreated({ reply, repository }: Exchange, digest: Digest): void {
  reply
    .code(201)
    .header('location', `/v2/${repository}/blobs/${digest}`)
    .header('docker-content-digest', digest)
    .send();
}

/** The 416 with the upload's state, when the chunk does not begin where the last one ended. */
export function misfitOf({ request }: Exchange, upload: Upload): Progress | undefined {
  const { 'content-range': header, 'content-length': length } = request.headers;
  const range = parseContentRange(header);
  if (range === undefined) return undefined;
  const fits =
    range !== 'invalid' &&
    range.start === upload.offset &&
    (length === undefined || Number(length) === range.end - range.start);
  if (fits) return undefined;
  const { id, offset } = upload;
  const why = `chunk ${header} of ${length ?? 'unknown'} bytes: the upload is at ${offset}`;
  return { status: 416, id, offset, body: oneError(416, 'BLOB_UPLOAD_INVALID', why).body };
}
