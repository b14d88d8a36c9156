import { BerthError, type ByteStream, type Digest, invalid } from '../../core/index.ts';
import type { Descriptor, PutOptions } from '../../image/index.ts';
import { errorOf } from './error-reply.ts';
import { discard, type HttpReply } from './http-exchange.ts';
import { locationIn } from './locations.ts';
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
  /** Where uploads of this session stopped, by the blob's digest. */
  readonly unfinished: Map<Digest, UploadPlace>;
}

/** What fits into the closing request is sent with it: one round trip less. */
const smallBytes = 256 * 1024;
/** The size of a chunk for registries that refuse a whole blob at once. */
const chunkBytes = 32 * 1024 * 1024;
const progressEachMs = 100;
const uploadUnknown = 'BLOB_UPLOAD_UNKNOWN';
/** A registry may have to read a large blob again before it answers. */
const commitSilenceMs = 15 * 60_000;

export interface UploadPlace {
  location: URL;
  offset: number;
  /** No larger piece at once. */
  limitBytes: number;
}

/**
 * Mounts or uploads a blob, in one attempt. What an earlier attempt left is in `unfinished`: the
 * registry is asked how far it got, and the upload goes on from there. Throws `unavailable` when
 * another attempt may get further.
 */
export async function uploadBlob(upload: BlobUpload): Promise<void> {
  const { descriptor, options, unfinished } = upload;
  const known = unfinished.get(descriptor.digest);
  unfinished.delete(descriptor.digest);
  const place = (known && (await whereIs(upload, known))) ?? (await begin(upload));
  if (place === 'mounted') return;
  try {
    await sendRest(upload, place);
  } catch (error) {
    const isLost = error instanceof BerthError && error.code === uploadUnknown;
    if (isTransient(error) && !isLost) unfinished.set(descriptor.digest, place);
    throw error;
  }
  options.onProgress?.(descriptor.size);
}

/** Opens an upload, unless the blob can be mounted from one of the repositories. */
async function begin(upload: BlobUpload): Promise<UploadPlace | 'mounted'> {
  const { session, path, descriptor, mountFrom, options } = upload;
  let reply: HttpReply | undefined;
  for (const from of mountFrom) {
    const query = new URLSearchParams({ mount: descriptor.digest, from });
    const scopes = [...upload.scopes, `repository:${from}:pull`];
    const target = `${path}?${query}`;
    reply = await post(session, { target, scopes, signal: options.signal });
    discard(reply);
    if (reply.status === 201) return 'mounted';
    // 202: an upload was begun in place of the mount; the last one will serve.
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

async function sendRest(upload: BlobUpload, place: UploadPlace): Promise<void> {
  const { descriptor } = upload;
  const rest = descriptor.size - place.offset;
  if (rest <= smallBytes) return finish(upload, place, rest);
  while (place.offset < descriptor.size) await append(upload, place);
  await finish(upload, place, 0);
}

async function append(upload: BlobUpload, place: UploadPlace): Promise<void> {
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
  if (reply.status !== 202) throw await uploadError(reply);
  discard(reply);
  place.location = locationOf(upload, reply);
  place.offset = start + size;
}

async function finish(upload: BlobUpload, place: UploadPlace, size: number): Promise<void> {
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
  if (reply.status !== 201 && reply.status !== 204) throw await uploadError(reply);
  discard(reply);
}

/** An upload the registry has lost is worth another attempt, which will begin a new one. */
async function uploadError(reply: HttpReply): Promise<BerthError> {
  const error = await errorOf(reply);
  if (error.code !== uploadUnknown) return error;
  return new BerthError('unavailable', error.message, { code: error.code, cause: error });
}

/** `size` bytes from `start`, told as they go. Throws `invalid` unless the blob ends where it must. */
async function* piece(upload: BlobUpload, start: number, size: number): ByteStream {
  const { descriptor, open, options } = upload;
  const isLast = start + size === descriptor.size;
  let sent = 0;
  let toldAtMs = 0;
  // One chunk is held back: were all of it sent, the registry would keep what is yet to be refused.
  let held: Uint8Array | undefined;
  for await (const chunk of open(start)) {
    if (held) yield held;
    held = sent + chunk.length > size ? chunk.subarray(0, size - sent) : chunk;
    if (isLast && held.length < chunk.length) throw wrongSize(descriptor, 'is longer than');
    sent += held.length;
    if (performance.now() - toldAtMs > progressEachMs) {
      toldAtMs = performance.now();
      options.onProgress?.(start + sent);
    }
    if (sent === size && !isLast) break;
  }
  if (sent < size) throw wrongSize(descriptor, 'is shorter than');
  if (held) yield held;
}

function wrongSize({ digest, size }: Descriptor, how: string) {
  return invalid(`upload ${digest}: the content ${how} the announced ${size} bytes`, {
    code: 'SIZE_INVALID',
  });
}

/** How far the registry got, or undefined when it does not know the upload any more. */
async function whereIs(upload: BlobUpload, place: UploadPlace): Promise<UploadPlace | undefined> {
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
  if (location === undefined) {
    throw brokenPromise(session.endpoint.host, 'an upload has no location');
  }
  // Behind a proxy that ends TLS, registries name themselves with http.
  const isItself = URL.parse(location, url.href)?.host === url.host;
  const path = isItself ? location.replace(/^https?:/i, url.protocol) : location;
  return locationIn(url, path, session.endpoint);
}
