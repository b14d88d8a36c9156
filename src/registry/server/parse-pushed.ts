import { BerthError, type Digest, invalid } from '../../core/index.ts';
import {
  type Descriptor,
  isIndexType,
  isManifestType,
  manifestTypeOf,
  parseIndex,
  parseManifest,
} from '../../image/index.ts';

/** What the registry must know of a manifest or index. Sizes are as it claims them. */
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

/**
 * Reads a pushed manifest or index of OCI or Docker schema 2. The type comes from the Content-Type
 * header, or from the content when the header is missing; both must agree. Throws `invalid`
 * (MANIFEST_INVALID), for unsupported types too.
 */
export function parsePushed(bytes: Uint8Array, contentType: string | undefined): ParsedManifest {
  try {
    const mediaType = contentType?.replace(/;.*/s, '').trim() || manifestTypeOf(bytes);
    return isIndexType(mediaType) ? pushedIndex(bytes, mediaType) : pushedImage(bytes, mediaType);
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw invalid(`manifest invalid: ${error.message}`, { code: 'MANIFEST_INVALID', cause: error });
  }
}

function pushedIndex(bytes: Uint8Array, mediaType: string): ParsedManifest {
  const { subject, artifactType, annotations, manifests } = parseIndex(bytes, mediaType);
  return {
    mediaType,
    blobs: [],
    manifests: manifests.map(claimOf),
    ...(subject && { subject: subject.digest }),
    ...(artifactType && { artifactType }),
    ...(annotations && { annotations }),
  };
}

/** An image without an artifact type is of its config's type (distribution-spec, listing referrers). */
function pushedImage(bytes: Uint8Array, mediaType: string): ParsedManifest {
  if (!isManifestType(mediaType)) {
    throw invalid(`media type "${mediaType.slice(0, 200)}" is none of a manifest or index`);
  }
  const { subject, artifactType, annotations, config, layers } = parseManifest(bytes, mediaType);
  return {
    mediaType,
    blobs: [config, ...layers.filter((layer) => !isForeign(layer))].map(claimOf),
    manifests: [],
    ...(subject && { subject: subject.digest }),
    artifactType: artifactType || config.mediaType,
    ...(annotations && { annotations }),
  };
}

/** Layers that may not be distributed lie elsewhere, at their `urls`. */
function isForeign({ mediaType, urls }: Descriptor): boolean {
  const isKeptElsewhere = /\.nondistributable\.|\.rootfs\.foreign\./.test(mediaType);
  return isKeptElsewhere && urls !== undefined && urls.length > 0;
}

function claimOf({ digest, size }: Descriptor): ClaimedContent {
  return { digest, sizeBytes: size };
}
