import { invalid, unsupported } from '../../core/index.ts';
import {
  listOf,
  mapOf,
  mismatch,
  optional,
  parseDocument,
  type Read,
  shape,
  text,
} from './json-shape.ts';
import type { Index, Manifest } from './manifest.ts';
import { isIndexType, isManifestType, mediaTypes } from './media-types.ts';
import { descriptor } from './parse-descriptor.ts';

const schemaVersion: Read<2> = (value, place) => {
  if (value === 1) throw unsupported(`parse ${place} is 1: Docker's schema 1 is no longer in use`);
  if (value !== 2) throw mismatch(value, place, '2');
  return value;
};

const common = {
  schemaVersion,
  mediaType: optional(text),
  artifactType: optional(text),
  subject: optional(descriptor),
  annotations: optional(mapOf(text)),
};
const manifest = shape({ ...common, config: descriptor, layers: listOf(descriptor) });
const index = shape({ ...common, manifests: listOf(descriptor) });

/**
 * The value of an image manifest's bytes, which were announced as `mediaType`. Throws `invalid` if
 * they are something else, also where they can be read both ways (image-spec, manifest.md), and
 * `unsupported` for Docker's schema 1.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): Manifest {
  if (!isManifestType(mediaType)) {
    throw unsupported(`parse manifest: media type "${mediaType}" is not a manifest's`);
  }
  const found = parseDocument(bytes, 'manifest', (value, place) => {
    refuseFields(value, place, ['manifests', 'fsLayers']);
    return manifest(value, place);
  });
  return { ...found, mediaType: agreed(found.mediaType, mediaType) };
}

/** As `parseManifest`, for an index or manifest list. */
export function parseIndex(bytes: Uint8Array, mediaType: string): Index {
  if (!isIndexType(mediaType)) {
    throw unsupported(`parse index: media type "${mediaType}" is not an index's`);
  }
  const found = parseDocument(bytes, 'index', (value, place) => {
    refuseFields(value, place, ['config', 'layers', 'fsLayers']);
    return index(value, place);
  });
  return { ...found, mediaType: agreed(found.mediaType, mediaType) };
}

/**
 * The media type of a manifest or index of which none was announced: what it says itself, else
 * what its fields make it. Throws `invalid` if it is neither.
 */
export function manifestTypeOf(bytes: Uint8Array): string {
  const fields = parseDocument(bytes, 'manifest', (value, place) => {
    const { mediaType } = shape({ mediaType: optional(text) })(value, place);
    return { ...(value as Record<string, unknown>), mediaType };
  });
  const known = fields.mediaType ?? '';
  if (isManifestType(known) || isIndexType(known)) return known;
  if (known === '' && 'manifests' in fields) return mediaTypes.ociIndex;
  if (known === '' && 'config' in fields) return mediaTypes.ociManifest;
  throw invalid(`parse manifest: media type "${known}" is neither a manifest's nor an index's`, {
    code: 'MANIFEST_INVALID',
  });
}

/** A document that passes for two kinds could show each reader another image (CVE-2021-41190). */
function refuseFields(value: unknown, place: string, others: readonly string[]): void {
  const other = others.find((key) => Object.hasOwn(Object(value), key));
  if (other === undefined) return;
  throw invalid(`parse ${place} it has "${other}", which belongs to another kind of document`, {
    code: 'MANIFEST_INVALID',
  });
}

function agreed(stated: string | undefined, announced: string): string {
  if (stated === undefined || stated === '' || stated === announced) return announced;
  throw invalid(`parse manifest: it says to be "${stated}", but was announced as "${announced}"`, {
    code: 'MANIFEST_INVALID',
  });
}
