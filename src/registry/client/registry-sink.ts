import type { Digest, Reference } from '../../core/index.ts';
import type { Descriptor, ImageSink } from '../../image/index.ts';
import type { Credentials } from '../credentials.ts';
import { pushError } from '../docker-errors.ts';
import { type UploadPlace, uploadBlob } from './blob-upload.ts';
import { errorOf } from './error-reply.ts';
import { discard } from './http-exchange.ts';
import { addReferrer, referrerOf } from './referrers-tag.ts';
import type { RegistryClient } from './registry-client.ts';

export interface SinkOptions {
  readonly credentials?: Credentials;
  /** Paths of repositories on the same registry that may hold the blob already. */
  readonly mountFrom?: (blob: Descriptor) => readonly string[];
}

/** Each costs a request; more than a few are not worth it. */
const mostMountTries = 3;

/**
 * The repository of a reference, to push to. A blob put again after it was cut goes on where the
 * registry has it. Errors are in Docker's words.
 */
export function registrySink(
  client: RegistryClient,
  reference: Reference,
  { credentials, mountFrom = () => [] }: SinkOptions = {},
): ImageSink {
  const session = client.sessions(reference.domain, 'push', credentials)[0]!;
  const { path } = reference;
  const unfinished = new Map<Digest, UploadPlace>();
  const scopes = [`repository:${path}:pull,push`];

  async function hasBlob({ digest }: Descriptor, signal?: AbortSignal): Promise<boolean> {
    const target = `/v2/${path}/blobs/${digest}`;
    const reply = await session.request({ method: 'HEAD', target, scopes, signal });
    if (reply.status === 404) {
      discard(reply);
      return false;
    }
    if (reply.status !== 200) throw await errorOf(reply);
    discard(reply);
    return true;
  }

  async function putManifest(
    { descriptor, bytes }: Parameters<ImageSink['putManifest']>[0],
    { tags, signal }: Parameters<ImageSink['putManifest']>[1],
  ): Promise<void> {
    const referrer = referrerOf({ descriptor, bytes });
    let isListed = false;
    for (const name of tags.length > 0 ? tags : [descriptor.digest]) {
      const reply = await session.request({
        method: 'PUT',
        target: `/v2/${path}/manifests/${name}`,
        scopes,
        headers: { 'content-type': descriptor.mediaType, 'content-length': bytes.length },
        body: () => bytes,
        signal,
      });
      if (reply.status !== 201 && reply.status !== 200 && reply.status !== 202) {
        throw await errorOf(reply);
      }
      discard(reply);
      isListed = reply.headers['oci-subject'] !== undefined;
    }
    if (referrer && !isListed)
      await addReferrer({ session, path: `/v2/${path}`, scopes, signal }, referrer);
  }

  return {
    hasBlob: (descriptor, signal) => told(hasBlob(descriptor, signal)),
    putBlob: (descriptor, open, options) =>
      told(
        uploadBlob({
          session,
          path: `/v2/${path}/blobs/uploads/`,
          descriptor,
          scopes,
          mountFrom: mountFrom(descriptor)
            .filter((from) => from !== path)
            .slice(0, mostMountTries),
          open,
          options,
          unfinished,
        }),
      ),
    putManifest: (manifest, options) => told(putManifest(manifest, options)),
  };
}

async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw pushError(error);
  }
}
