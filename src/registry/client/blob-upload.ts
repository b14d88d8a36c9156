import { type ByteStream, invalid } from '../../core/index.ts';
import type { Descriptor, PutOptions } from '../../image/index.ts';
import { errorOf } from './error-reply.ts';
import { discard, type HttpReply } from './http-exchange.ts';
import { pauseBefore } from './pauses.ts';
import { brokenPromise, type RegistrySession } from './registry-session.ts';
import { isTransient } from './transport-error.ts';

export interface BlobUpload {
  readonly session: RegistrySession;
  /** `/v2/<name>/blobs/uploads/`. */
  readonly path: string;
  readonly descriptor: Descriptor;
  readonly scopes: readonly string[];
  /** Repositories of the same registry that may hold the blob. */
  readonly mountFrom: readonly string[];
  readonly open: (offset: number) => ByteStream;
  readonly options: PutOptions;
}

/** What fits into the closing request is sent with it: one round trip less. */
const smallBytes = 256 * 1024;
/** The size of a chunk for registries that refuse a whole blob at once. */
const chunkBytes = 32 * 1024 * 1024;
const mostFailures = 5;
const progressEachMs = 100;
/** A registry may have to read a large blob again before it answers. */
const commitSilenceMs = 15 * 60_000;

interface Place {
  location: URL;
  offset: number;
  /** No larger piece at once. */
  limitBytes: number;
}

/**
 * Mounts or uploads a blob. After a broken connection it asks how far the registry got, and goes on
 * from there; an upload the registry has lost is begun again.
 */
export async function uploadBlob(upload: BlobUpload): Promise<void> {
  const { session, descriptor, options } = upload;
  const { signal } = options;
  let place = await begin(upload);
  let failures = 0;
  while (place !== 'mounted') {
    const before = place.offset;
    try {
      await sendRest(upload, place);
      return;
    } catch (error) {
      failures++;
      const isLost = (error as { code?: string }).code === 'BLOB_UPLOAD_UNKNOWN';
      if (failures >= mostFailures || signal?.aborted) throw error;
      if (!isLost && !isTransient(error)) throw error;
      await session.pause(pauseBefore(failures), signal);
      const reached: Place | undefined = isLost ? undefined : await whereIs(upload, place);
      if (reached && reached.offset > before) failures = 0;
      place = reached ?? (await begin({ ...upload, mountFrom: [] }));
    }
  }
  options.onProgress?.(descriptor.size);
}

/** Opens an upload, unless the blob can be mounted from one of the repositories. */
async function begin(upload: BlobUpload): Promise<Place | 'mounted'> {
  const { session, path, descriptor, mountFrom, options } = upload;
  let reply: HttpReply | undefined;
  for (const from of mountFrom) {
    const query = new URLSearchParams({ mount: descriptor.digest, from });
    const scopes = [...upload.scopes, `repository:${from}:pull`];
    const target = `${path}?${query}`;
    reply = await post(session, { target, scopes, signal: options.signal });
    if (reply.status === 201) {
      discard(reply);
      return 'mounted';
    }
    // An upload was begun in place of the mount; the last one will serve.
    if (reply.status !== 202) discard(reply);
  }
  if (reply?.status !== 202) {
    reply = await post(session, { target: path, scopes: upload.scopes, signal: options.signal });
  }
  if (reply.status !== 202) throw await errorOf(reply);
  discard(reply);
  return { location: locationOf(upload, reply), offset: 0, limitBytes: Number.POSITIVE_INFINITY };
}

function post(
  session: RegistrySession,
  call: { target: string; scopes: readonly string[]; signal?: AbortSignal },
): Promise<HttpReply> {
  return session.request({ method: 'POST', headers: { 'content-length': 0 }, ...call });
}

async function sendRest(upload: BlobUpload, place: Place): Promise<void> {
  const { descriptor, options } = upload;
  const rest = descriptor.size - place.offset;
  if (rest <= smallBytes) return finish(upload, place, rest);
  while (place.offset < descriptor.size) await append(upload, place);
  await finish(upload, place, 0);
  options.onProgress?.(descriptor.size);
}

async function append(upload: BlobUpload, place: Place): Promise<void> {
  const { session, descriptor, scopes, options } = upload;
  const start = place.offset;
  const size = Math.min(descriptor.size - start, place.limitBytes);
  const reply = await session.request({
    method: 'PATCH',
    target: place.location,
    scopes,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': size,
      'content-range': `${start}-${start + size - 1}`,
    },
    body: () => ({ sizeBytes: size, content: piece(upload, start, size) }),
    retry: false,
    signal: options.signal,
  });
  if (reply.status === 413 && size > chunkBytes) {
    discard(reply);
    place.limitBytes = chunkBytes;
    return;
  }
  if (reply.status === 416) {
    discard(reply);
    throw brokenPromise(session.endpoint.host, 'the upload is not where it was');
  }
  if (reply.status !== 202) throw await errorOf(reply);
  discard(reply);
  place.location = locationOf(upload, reply);
  place.offset = start + size;
}

async function finish(upload: BlobUpload, place: Place, size: number): Promise<void> {
  const { session, descriptor, scopes, options } = upload;
  const target = new URL(place.location);
  target.searchParams.set('digest', descriptor.digest);
  const start = place.offset;
  const reply = await session.request({
    method: 'PUT',
    target,
    scopes,
    headers: { 'content-type': 'application/octet-stream', 'content-length': size },
    ...(size > 0 && {
      body: () => ({ sizeBytes: size, content: piece(upload, start, size) }),
    }),
    retry: false,
    silenceMs: commitSilenceMs,
    signal: options.signal,
  });
  if (reply.status !== 201 && reply.status !== 204) throw await errorOf(reply);
  discard(reply);
}

/** Exactly `size` bytes from `start`. Throws `invalid` when the content has fewer. */
async function* piece(upload: BlobUpload, start: number, size: number): ByteStream {
  const { descriptor, open, options } = upload;
  let left = size;
  let toldAtMs = 0;
  for await (const chunk of open(start)) {
    const wanted = chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= wanted.length;
    yield wanted;
    if (performance.now() - toldAtMs > progressEachMs) {
      toldAtMs = performance.now();
      options.onProgress?.(start + size - left);
    }
    if (left === 0) return;
  }
  throw invalid(
    `upload ${descriptor.digest}: content ends ${left} bytes before the announced ${descriptor.size}`,
    { code: 'SIZE_INVALID' },
  );
}

/** How far the registry got, or undefined when it does not know the upload any more. */
async function whereIs(upload: BlobUpload, place: Place): Promise<Place | undefined> {
  const { session, scopes, options } = upload;
  const reply = await session.request({
    method: 'GET',
    target: place.location,
    scopes,
    signal: options.signal,
  });
  discard(reply);
  if (reply.status !== 204 && reply.status !== 200) return undefined;
  const last = Number(/^(?:bytes=)?0-(\d{1,15})$/.exec(reply.headers.range ?? '')?.[1]);
  if (Number.isNaN(last) || last >= upload.descriptor.size) return undefined;
  // "0-0" is said of no byte and of one; taken for none, it costs a new start at worst.
  const offset = last === 0 ? 0 : last + 1;
  return { ...place, offset, location: locationOf(upload, reply) };
}

function locationOf({ session }: BlobUpload, { headers, url }: HttpReply): URL {
  const { location } = headers;
  const target = URL.parse(location ?? '', url.href);
  if (location === undefined || target === null) {
    throw brokenPromise(session.endpoint.host, `an upload has the location "${location}"`);
  }
  // Behind a proxy that ends TLS, registries name themselves with http.
  if (target.host === url.host) target.protocol = url.protocol;
  return target;
}
