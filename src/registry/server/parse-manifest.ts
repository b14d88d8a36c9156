import { type Digest, invalid, isDigest } from '../../core/index.ts';
import { isIndexType, isManifestType, mediaTypes } from '../../image/index.ts';

/** What the registry must know of a manifest. Sizes are as the manifest claims them. */
export interface ParsedManifest {
  readonly mediaType: string;
  readonly blobs: readonly ClaimedContent[];
  readonly manifests: readonly ClaimedContent[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ClaimedContent {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

type Json = Record<string, unknown>;

const bad = (why: string, details?: unknown) =>
  invalid(`manifest invalid: ${why}`, { code: 'MANIFEST_INVALID', details });

/**
 * Reads an image manifest or index of OCI or Docker schema 2 (image-spec, manifest.md and
 * image-index.md). The type comes from the Content-Type header, or from the manifest itself when
 * the header is missing; both must agree. Throws `invalid` (MANIFEST_INVALID).
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): ParsedManifest {
  const json = parseJson(bytes);
  const mediaType = mediaTypeOf(json, contentType);
  if (json.schemaVersion !== 2) {
    throw bad(`schemaVersion is ${JSON.stringify(json.schemaVersion)}, must be 2`);
  }
  const common = {
    mediaType,
    ...(json.subject !== undefined && { subject: content(json.subject, 'subject').digest }),
    ...(json.annotations !== undefined && { annotations: annotationsOf(json.annotations) }),
  };
  const artifactType = optionalText(json, 'artifactType');
  if (isIndexType(mediaType)) {
    if ('layers' in json || 'config' in json) throw bad('an index has no "config" or "layers"');
    const manifests = list(json, 'manifests').map((entry, i) => content(entry, `manifests[${i}]`));
    return { ...common, blobs: [], manifests, ...(artifactType && { artifactType }) };
  }
  if ('manifests' in json) throw bad('an image manifest has no "manifests"');
  const config = content(json.config, 'config');
  const layers = list(json, 'layers')
    .map((entry, i) => ({ ...content(entry, `layers[${i}]`), foreign: isForeign(entry as Json) }))
    .filter(({ foreign }) => !foreign)
    .map(({ digest, sizeBytes }) => ({ digest, sizeBytes }));
  const type = artifactType || optionalText(json.config as Json, 'mediaType');
  return {
    ...common,
    blobs: [config, ...layers],
    manifests: [],
    ...(type && { artifactType: type }),
  };
}

function parseJson(bytes: Uint8Array): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid(`manifest invalid: not JSON: ${(cause as Error).message}`, {
      code: 'MANIFEST_INVALID',
      cause,
    });
  }
  if (!isObject(value)) throw bad('not a JSON object');
  return value;
}

function mediaTypeOf(json: Json, contentType: string | undefined): string {
  const claimed = optionalText(json, 'mediaType');
  const announced = contentType?.replace(/;.*/s, '').trim();
  if (claimed && announced && claimed !== announced) {
    throw bad(`mediaType is "${claimed}", but Content-Type is "${announced}"`);
  }
  const mediaType = announced || claimed || guessedType(json);
  if (!isManifestType(mediaType) && !isIndexType(mediaType)) {
    throw bad(`media type "${mediaType.slice(0, 200)}" is none of a manifest or index`);
  }
  return mediaType;
}

/** OCI leaves mediaType optional in the manifest, and clients leave the header away. */
function guessedType(json: Json): string {
  return Array.isArray(json.manifests) ? mediaTypes.ociIndex : mediaTypes.ociManifest;
}

function content(value: unknown, where: string): ClaimedContent {
  if (!isObject(value)) throw bad(`"${where}" is not a descriptor`);
  const { digest, size } = value;
  if (typeof digest !== 'string' || !isDigest(digest)) {
    throw bad(`"${where}.digest" is ${JSON.stringify(digest)?.slice(0, 160)}, not a digest`);
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw bad(`"${where}.size" is ${JSON.stringify(size)}, not a number of bytes`);
  }
  if (typeof value.mediaType !== 'string' || value.mediaType === '') {
    throw bad(`"${where}.mediaType" is missing`);
  }
  return { digest, sizeBytes: size };
}

/** Layers that may not be distributed lie elsewhere, at their `urls`. */
function isForeign({ mediaType, urls }: Json): boolean {
  const notHere = /\.nondistributable\.|\.rootfs\.foreign\./.test(String(mediaType));
  return notHere && Array.isArray(urls) && urls.length > 0;
}

function annotationsOf(value: unknown): Record<string, string> {
  const isText = (entry: unknown) => typeof entry === 'string';
  if (isObject(value) && Object.values(value).every(isText)) return value as Record<string, string>;
  throw bad('"annotations" is not an object of strings');
}

function list(json: Json, name: string): unknown[] {
  const value = json[name];
  if (Array.isArray(value)) return value;
  throw bad(`"${name}" is not a list`);
}

function optionalText(json: Json, name: string): string | undefined {
  const value = json[name];
  if (value === undefined || typeof value === 'string') return value;
  throw bad(`"${name}" is not a string`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
