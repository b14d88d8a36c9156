import { type Digest, invalid, isDigest, notFound, parseDigest } from '../../core/index.ts';
import { parseRepositoryName, type RepositoryName } from '../repository-name.ts';
import { parseContentRange } from './byte-ranges.ts';
import type { Exchange } from './exchange.ts';
import { oneError } from './oci-errors.ts';
import { receiveUpload } from './receive-upload.ts';
import { hasBody } from './request-body.ts';
import type { Handler } from './routes.ts';
import type { RegistryStorage, Upload } from './storage.ts';
import { uploadSessions } from './upload-sessions.ts';

export interface UploadLimits {
  readonly blobBytes: number;
  /** Told to clients as a hint (OCI-Chunk-Min-Length); smaller chunks are taken all the same. */
  readonly chunkMinBytes: number;
}

type Verb = 'start' | 'status' | 'append' | 'finish' | 'cancel';

/** POST of `/v2/<name>/blobs/uploads/`, and GET, PATCH, PUT and DELETE of an upload there. */
export function uploadHandlers(
  { blobs, uploads }: RegistryStorage,
  limits: UploadLimits,
): Record<Verb, Handler> {
  const sessions = uploadSessions(uploads);
  const opened = <T>(
    { repository, reference, request }: Exchange,
    work: (u: Upload) => Promise<T>,
  ) => sessions.withUpload({ repository, id: reference, request: request.raw }, work);

  async function start(exchange: Exchange): Promise<void> {
    const { request, reply, repository, query } = exchange;
    const mounted = await mount(exchange);
    if (mounted) return created(exchange, mounted);
    const digestText = query.get('digest');
    const digest = digestText === null ? undefined : parseDigest(digestText);
    if (digest && hasBody(request.raw)) {
      await storeAtOnce(exchange, digest);
      return created(exchange, digest);
    }
    const upload = await uploads.create(repository);
    await upload[Symbol.asyncDispose]();
    if (limits.chunkMinBytes > 0) reply.header('oci-chunk-min-length', limits.chunkMinBytes);
    progress(exchange, { status: 202, id: upload.id, offset: 0 });
  }

  async function storeAtOnce(exchange: Exchange, digest: Digest): Promise<void> {
    await using upload = await uploads.create(exchange.repository);
    try {
      await store(exchange, upload, digest);
    } catch (error) {
      // Nobody was told its name, so nobody could go on with it.
      await upload.abort();
      throw error;
    }
  }

  /** Mounts what `mount` and `from` of the query name, and says which; else an upload must do. */
  async function mount({ repository, query, may }: Exchange): Promise<Digest | undefined> {
    const digest = query.get('mount') ?? '';
    if (!isDigest(digest)) return undefined;
    const from = query.get('from');
    const sources = from ? [asName(from)] : await blobs.holders(digest);
    for (const name of sources) {
      if (name === undefined) continue;
      if (!(await may({ type: 'repository', name, action: 'pull' }))) continue;
      if (await blobs.mount(digest, { from: name, to: repository })) return digest;
    }
    return undefined;
  }

  async function status(exchange: Exchange): Promise<void> {
    const { repository, reference: id } = exchange;
    const offset = await uploads.offsetOf(repository, id);
    if (offset === undefined) {
      throw notFound(`find upload ${id}: not in ${repository}`, { code: 'BLOB_UPLOAD_UNKNOWN' });
    }
    progress(exchange, { status: 204, id, offset });
  }

  async function append(exchange: Exchange): Promise<void> {
    const reached = await opened(exchange, async (upload): Promise<Progress> => {
      const misfit = misfitOf(exchange, upload);
      if (misfit) return misfit;
      await receive(exchange, upload);
      return { status: 202, id: upload.id, offset: upload.offset };
    });
    progress(exchange, reached);
  }

  async function finish(exchange: Exchange): Promise<void> {
    const digest = parseDigest(exchange.query.get('digest') ?? '');
    const misfit = await opened(exchange, async (upload) => {
      const misfit = misfitOf(exchange, upload);
      if (!misfit) await store(exchange, upload, digest);
      return misfit;
    });
    if (misfit) progress(exchange, misfit);
    else created(exchange, digest);
  }

  async function cancel(exchange: Exchange): Promise<void> {
    await opened(exchange, (upload) => upload.abort());
    exchange.reply.code(204).send();
  }

  async function store(exchange: Exchange, upload: Upload, digest: Digest): Promise<void> {
    if (hasBody(exchange.request.raw)) await receive(exchange, upload);
    // Syncing a large file to disk may take longer than a connection may be silent.
    const { socket } = exchange.request.raw;
    const patienceMs = socket.timeout ?? 0;
    socket.setTimeout(0);
    await upload.commit(digest);
    socket.setTimeout(patienceMs);
  }

  async function receive({ request }: Exchange, upload: Upload): Promise<void> {
    const range = parseContentRange(request.headers['content-range']);
    const announced = range && range !== 'invalid' ? range.end - range.start : undefined;
    const room = limits.blobBytes - upload.offset;
    const lengthBytes = Number(request.headers['content-length'] ?? 0);
    if (Math.max(lengthBytes, announced ?? 0) > room) throw tooLarge(limits.blobBytes);
    const before = upload.offset;
    await receiveUpload(request.raw, upload, announced ?? room);
    if (announced !== undefined && upload.offset - before < announced) {
      throw invalid(
        `size invalid: Content-Range announced ${announced} bytes, ${upload.offset - before} came`,
        { code: 'SIZE_INVALID' },
      );
    }
  }

  return { start, status, append, finish, cancel };
}

interface Progress {
  readonly status: 202 | 204 | 416;
  readonly id: string;
  readonly offset: number;
  readonly body?: object;
}

/** The 416 with the upload's state, when the chunk does not begin where the last one ended. */
function misfitOf({ request }: Exchange, upload: Upload): Progress | undefined {
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

function progress({ reply, repository }: Exchange, { status, id, offset, body }: Progress): void {
  reply
    .code(status)
    .header('location', `/v2/${repository}/blobs/uploads/${id}`)
    .header('range', `0-${Math.max(offset - 1, 0)}`)
    .header('docker-upload-uuid', id)
    .send(body);
}

function created({ reply, repository }: Exchange, digest: Digest): void {
  reply
    .code(201)
    .header('location', `/v2/${repository}/blobs/${digest}`)
    .header('docker-content-digest', digest)
    .send();
}

function asName(text: string): RepositoryName | undefined {
  try {
    return parseRepositoryName(text);
  } catch {
    return undefined;
  }
}

function tooLarge(limitBytes: number) {
  return invalid(`size invalid: a blob may have ${limitBytes} bytes`, { code: 'BODY_TOO_LARGE' });
}
