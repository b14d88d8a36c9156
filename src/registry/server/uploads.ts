import { notFound, parseDigest } from '../../core/index.ts';
import type { Exchange } from './exchange.ts';
import { receiveChunk, receiveLast } from './receive-upload.ts';
import type { Handler } from './routes.ts';
import { startHandler } from './start-upload.ts';
import type { RegistryStorage, Upload } from './storage.ts';
import { misfitOf, type Progress, replyCreated, replyProgress } from './upload-replies.ts';
import { uploadSessions } from './upload-sessions.ts';

export interface UploadLimits {
  readonly blobBytes: number;
  /** Told to clients as a hint (OCI-Chunk-Min-Length); smaller chunks are taken all the same. */
  readonly chunkMinBytes: number;
}

type Verb = 'start' | 'status' | 'append' | 'finish' | 'cancel';

/** POST of `/v2/<name>/blobs/uploads/`, and GET, PATCH, PUT and DELETE of an upload there. */
export function uploadHandlers(
  storage: RegistryStorage,
  limits: UploadLimits,
): Record<Verb, Handler> {
  const { uploads } = storage;
  const { blobBytes } = limits;
  const sessions = uploadSessions(uploads);
  // Replies are sent when the upload is closed again: the next request may follow at once.
  const opened = <T>(
    { repository, reference, request }: Exchange,
    work: (upload: Upload) => Promise<T>,
  ) => sessions.withUpload({ repository, id: reference, request: request.raw }, work);

  async function status(exchange: Exchange): Promise<void> {
    const { repository, reference: id } = exchange;
    const offset = await uploads.offsetOf(repository, id);
    if (offset === undefined) {
      throw notFound(`find upload ${id}: not in ${repository}`, { code: 'BLOB_UPLOAD_UNKNOWN' });
    }
    replyProgress(exchange, { status: 204, id, offset });
  }

  async function append(exchange: Exchange): Promise<void> {
    const reached = await opened(exchange, async (upload): Promise<Progress> => {
      const misfit = misfitOf(exchange, upload);
      if (misfit) return misfit;
      await receiveChunk(exchange.request.raw, upload, blobBytes);
      return { status: 202, id: upload.id, offset: upload.offset };
    });
    replyProgress(exchange, reached);
  }

  async function finish(exchange: Exchange): Promise<void> {
    const digest = parseDigest(exchange.query.get('digest') ?? '');
    const misfit = await opened(exchange, async (upload) => {
      const misfit = misfitOf(exchange, upload);
      if (!misfit) await receiveLast(exchange.request.raw, upload, { digest, blobBytes });
      return misfit;
    });
    if (misfit) replyProgress(exchange, misfit);
    else replyCreated(exchange, digest);
  }

  async function cancel(exchange: Exchange): Promise<void> {
    await opened(exchange, (upload) => upload.abort());
    exchange.reply.code(204).send();
  }

  return { start: startHandler(storage, limits), status, append, finish, cancel };
}
