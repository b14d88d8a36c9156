import { digestAlgorithm, digestHex, invalid } from '../../core/index.ts';
import {
  type Descriptor,
  encodeDocument,
  isIndexType,
  mediaTypes,
  parseIndex,
  parseManifest,
  type RawManifest,
} from '../../image/index.ts';
import { errorOf } from './error-reply.ts';
import { discard, mediaTypeIn, readBody } from './http-exchange.ts';
import type { RegistrySession } from './registry-session.ts';

const indexLimitBytes = 4 * 1024 * 1024;

export interface ReferrersTarget {
  readonly session: RegistrySession;
  /** `/v2/<name>`. */
  readonly path: string;
  readonly scopes: readonly string[];
  readonly signal?: AbortSignal;
}

/** What a manifest refers to by its `subject`, and how it is listed there; undefined for most. */
export function referrerOf({
  descriptor,
  bytes,
}: RawManifest): { subject: Descriptor; entry: Descriptor } | undefined {
  const { mediaType, digest, size } = descriptor;
  const isIndex = isIndexType(mediaType);
  const parsed = isIndex ? parseIndex(bytes, mediaType) : parseManifest(bytes, mediaType);
  const { subject, annotations } = parsed;
  if (!subject) return undefined;
  const fallback = 'config' in parsed ? parsed.config.mediaType : undefined;
  const artifactType = parsed.artifactType || fallback;
  return {
    subject,
    entry: {
      mediaType,
      digest,
      size,
      ...(artifactType && { artifactType }),
      ...(annotations && { annotations }),
    },
  };
}

/**
 * Lists a referrer under the tag that stands for its subject, for registries that do not keep such
 * lists themselves (distribution-spec, pushing manifests with subject).
 */
export async function addReferrer(
  target: ReferrersTarget,
  { subject, entry }: { subject: Descriptor; entry: Descriptor },
): Promise<void> {
  const { session, path, scopes, signal } = target;
  const { digest } = subject;
  const tag = `${digestAlgorithm(digest)}-${digestHex(digest).slice(0, 64)}`;
  const tagPath = `${path}/manifests/${tag}`;
  const known = await readReferrers(target, tagPath);
  if (known.some((other) => other.digest === entry.digest)) return;
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...known, entry] };
  const bytes = encodeDocument(index);
  const reply = await session.request({
    method: 'PUT',
    target: tagPath,
    scopes,
    headers: { 'content-type': mediaTypes.ociIndex, 'content-length': bytes.length },
    body: () => bytes,
    signal,
  });
  if (reply.status !== 201) throw await errorOf(reply);
  discard(reply);
}

async function readReferrers(
  { session, scopes, signal }: ReferrersTarget,
  target: string,
): Promise<readonly Descriptor[]> {
  const headers = { accept: mediaTypes.ociIndex };
  const reply = await session.request({ method: 'GET', target, scopes, headers, signal });
  if (reply.status === 404) {
    discard(reply);
    return [];
  }
  if (reply.status !== 200) throw await errorOf(reply);
  const mediaType = mediaTypeIn(reply);
  if (mediaType === mediaTypes.ociIndex) {
    return parseIndex(await readBody(reply, indexLimitBytes), mediaType).manifests;
  }
  discard(reply);
  throw invalid(`list referrers: ${target} is "${mediaType.slice(0, 200)}", not an index`);
}
