import {
  BerthError,
  type Digest,
  digestAlgorithm,
  digestOf,
  familiarReference,
  formatReference,
  invalid,
  isDigest,
  type Reference,
  unsupported,
} from '../../core/index.ts';
import {
  type Descriptor,
  type ImageSource,
  isIndexType,
  isManifestType,
  manifestTypeOf,
  mediaTypes,
  type RawManifest,
} from '../../image/index.ts';
import type { Credentials } from '../credentials.ts';
import { pullError } from '../docker-errors.ts';
import { downloadBlob } from './blob-download.ts';
import { errorOf } from './error-reply.ts';
import { type HttpReply, mediaTypeIn, readBody } from './http-exchange.ts';
import type { RegistryClient } from './registry-client.ts';
import type { RegistrySession } from './registry-session.ts';

const manifestLimitBytes = 4 * 1024 * 1024;

const accept = [
  mediaTypes.ociIndex,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
].join(', ');

export interface SourceOptions {
  readonly credentials?: Credentials;
}

/**
 * An image in a registry. Manifests are verified against their digests; blobs resume by themselves.
 * Errors are in Docker's words, such as `manifest for x:y not found: manifest unknown: …`.
 */
export function registrySource(
  client: RegistryClient,
  reference: Reference,
  { credentials }: SourceOptions = {},
): ImageSource {
  const sessions = client.sessions(reference.domain, 'pull', credentials);
  const scopes = [`repository:${reference.path}:pull`];
  const at = (kind: 'manifests' | 'blobs', name: string) => `/v2/${reference.path}/${kind}/${name}`;
  /** The session that had the image: a mirror, or the registry. */
  let chosen: RegistrySession | undefined;

  async function fetchManifest(
    session: RegistrySession,
    name: string,
    signal?: AbortSignal,
  ): Promise<RawManifest> {
    const target = at('manifests', name);
    const reply = await session.request({
      method: 'GET',
      target,
      scopes,
      headers: { accept },
      signal,
    });
    if (reply.status !== 200) throw await errorOf(reply);
    const bytes = await readBody(reply, manifestLimitBytes);
    return { descriptor: describe(reply, bytes, { name, reference }), bytes };
  }

  async function root(signal?: AbortSignal): Promise<RawManifest> {
    const name = reference.digest ?? reference.tag ?? 'latest';
    let failure: unknown;
    for (const session of sessions) {
      try {
        const manifest = await fetchManifest(session, name, signal);
        chosen = session;
        return manifest;
      } catch (error) {
        if (signal?.aborted) throw error;
        failure = await explained(session, error, at('manifests', name));
      }
    }
    throw pullError(failure, reference);
  }

  const session = () => chosen ?? sessions.at(-1)!;

  return {
    root,
    async manifest(descriptor, signal) {
      try {
        const found = await fetchManifest(session(), descriptor.digest, signal);
        if (found.bytes.length === descriptor.size) return { ...found, descriptor };
        throw invalid(
          `manifest verification failed for digest ${descriptor.digest}: ${found.bytes.length} bytes in place of ${descriptor.size}`,
          { code: 'SIZE_INVALID' },
        );
      } catch (error) {
        throw pullError(error, reference);
      }
    },
    blob: (descriptor, { offset, signal }) =>
      downloadBlob(
        session(),
        { path: at('blobs', descriptor.digest), descriptor, scopes },
        { offset, signal },
      ),
  };
}

/** Verifies a manifest against the digest it was asked by, and the one the registry gives. */
function describe(
  reply: HttpReply,
  bytes: Uint8Array,
  { name, reference }: { name: string; reference: Reference },
): Descriptor {
  const digest = digestOf(bytes, isDigest(name) ? digestAlgorithm(name) : 'sha256');
  if (isDigest(name) && digest !== name) {
    throw invalid(
      `manifest verification failed for digest ${name}: ${familiarReference(reference)} has ${digest}`,
      { code: 'DIGEST_INVALID' },
    );
  }
  checkAnnounced(reply.headers['docker-content-digest'], bytes, reference);
  const mediaType = mediaTypeOf(mediaTypeIn(reply), bytes, reference);
  return { mediaType, digest, size: bytes.length };
}

/** Docker names the request when it could not even be made for want of credentials. */
async function explained(session: RegistrySession, error: unknown, path: string): Promise<unknown> {
  if (!(error instanceof BerthError) || error.kind !== 'unauthorized') return error;
  if (error.code !== undefined && error.details !== undefined) return error;
  const { origin } = await session.ping();
  return new BerthError(error.kind, `Head "${origin}${path}": ${error.message}`, { cause: error });
}

function checkAnnounced(
  announced: string | string[] | undefined,
  bytes: Uint8Array,
  reference: Reference,
): void {
  if (typeof announced !== 'string' || !isDigest(announced)) return;
  const actual: Digest = digestOf(bytes, digestAlgorithm(announced));
  if (actual === announced) return;
  throw invalid(
    `manifest verification failed for ${familiarReference(reference)}: the registry says ${announced}, the content is ${actual}`,
    { code: 'DIGEST_INVALID' },
  );
}

/** The announced type, or what the content makes it where a server announces nothing of use. */
function mediaTypeOf(announced: string, bytes: Uint8Array, reference: Reference): string {
  if (isManifestType(announced) || isIndexType(announced)) return announced;
  if (/manifest\.v1\+/.test(announced)) {
    throw unsupported(
      `${formatReference(reference)}: media type "${announced}" is no longer supported please rebuild the image as "${mediaTypes.dockerManifest}" or "${mediaTypes.ociManifest}"`,
    );
  }
  if (announced.startsWith('application/vnd.') || announced === 'text/html') {
    throw unsupported(`unsupported manifest media type and no default available: ${announced}`);
  }
  return manifestTypeOf(bytes);
}
