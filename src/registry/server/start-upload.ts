import { BerthError, type Digest, isDigest, parseDigest } from '../../core/index.ts';
import { parseRepositoryName, type RepositoryName } from '../repository-name.ts';
import type { Exchange } from './exchange.ts';
import { receiveLast } from './receive-upload.ts';
import { hasBody } from './request-body.ts';
import type { Handler } from './routes.ts';
import type { RegistryStorage } from './storage.ts';
import { replyCreated, replyProgress } from './upload-replies.ts';
import type { UploadLimits } from './uploads.ts';

/** Who mounts a blob without saying from where is looked for in so many repositories. */
const mostMountSources = 50;

/** POST of `/v2/<name>/blobs/uploads/`: a mount, a whole blob, or the begin of an upload. */
export function startHandler(
  { blobs, uploads }: RegistryStorage,
  { blobBytes, chunkMinBytes }: UploadLimits,
): Handler {
  /** Mounts what `mount` and `from` of the query name, and says which; else an upload must do. */
  async function mount({ repository, query, may }: Exchange): Promise<Digest | undefined> {
    const digest = query.get('mount') ?? '';
    if (!isDigest(digest)) return undefined;
    const from = query.get('from');
    const sources = from ? asNames(from) : await blobs.holders(digest);
    for (const name of sources.slice(0, mostMountSources)) {
      if (!(await may({ type: 'repository', name, action: 'pull' }))) continue;
      if (await blobs.mount(digest, { from: name, to: repository })) return digest;
    }
    return undefined;
  }

  async function storeWhole({ repository, request }: Exchange, digest: Digest): Promise<void> {
    await using upload = await uploads.create(repository);
    try {
      await receiveLast(request.raw, upload, { digest, blobBytes });
    } catch (error) {
      // Nobody was told its name, so nobody could go on with it.
      await upload.abort();
      throw error;
    }
  }

  return async function start(exchange: Exchange): Promise<void> {
    const { request, reply, repository, query } = exchange;
    const mounted = await mount(exchange);
    if (mounted) {
      replyCreated(exchange, mounted);
      return;
    }
    const digestText = query.get('digest');
    const digest = digestText === null ? undefined : parseDigest(digestText);
    if (digest && hasBody(request.raw)) {
      await storeWhole(exchange, digest);
      replyCreated(exchange, digest);
      return;
    }
    const upload = await uploads.create(repository);
    await upload[Symbol.asyncDispose]();
    if (chunkMinBytes > 0) reply.header('oci-chunk-min-length', chunkMinBytes);
    replyProgress(exchange, { status: 202, id: upload.id, offset: 0 });
  };
}

/** A name that is none is no error: the client falls back to an upload. */
function asNames(text: string): RepositoryName[] {
  try {
    return [parseRepositoryName(text)];
  } catch (error) {
    if (error instanceof BerthError) return [];
    throw error;
  }
}
