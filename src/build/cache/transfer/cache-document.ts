import { type Digest, invalid, isDigest } from '../../../core/index.ts';
import {
  chainIds,
  type Descriptor,
  encodeDocument,
  type ImageConfig,
  type Manifest,
} from '../../../image/index.ts';
import type { CacheRecord } from '../records.ts';

/**
 * A build cache outside of the machine it was made on: an OCI manifest whose layers are those of
 * cached steps and whose config says which step's key leads to which stack of them. An image with
 * its cache inline has the same records in its own configuration.
 */
export const cacheConfigType = 'application/vnd.berth.buildcache.config.v1+json';

/** The field of an image's configuration that holds an inline cache. */
export const inlineField = 'berth.buildcache.v1';

/** A layer on its place in a stack; `blob` is one of the manifest's layers. */
export interface CacheLayer {
  readonly chain: Digest;
  /** Undefined where a base image's stack begins, which the cache does not hold, or nothing. */
  readonly parent: Digest | undefined;
  readonly diffId: Digest;
  readonly sizeBytes: number;
  readonly blob: Digest;
}

/** A record as it travels, with the cheap keys that are known to mean it. */
export type TravellingRecord = Pick<
  CacheRecord,
  | 'key'
  | 'chain'
  | 'identity'
  | 'sizeBytes'
  | 'description'
  | 'site'
  | 'parentKey'
  | 'inputs'
  | 'createdAtMs'
> & { readonly quick: readonly Digest[] };

export interface CacheDocument {
  readonly version: 1;
  readonly layers: readonly CacheLayer[];
  readonly records: readonly TravellingRecord[];
}

/** What an imported cache offers. */
export interface CacheContents {
  readonly records: readonly TravellingRecord[];
  readonly layers: ReadonlyMap<Digest, CacheLayer & { readonly descriptor: Descriptor }>;
}

export function encodeCache(document: CacheDocument): Buffer {
  return encodeDocument(document);
}

/** Reads a cache's config (hostile) against its manifest. Throws `invalid`. */
export function parseCache(bytes: Uint8Array, manifest: Manifest): CacheContents {
  const document = parseJson(bytes, 'build cache');
  const descriptors = new Map(manifest.layers.map((layer) => [layer.digest, layer]));
  const layers: CacheContents['layers'] = new Map(
    listOf(document.layers, 'layers').map((value) => {
      const layer = parseLayer(value);
      const descriptor = descriptors.get(layer.blob);
      if (!descriptor) throw invalid(`parse build cache: no layer with blob ${layer.blob}`);
      return [layer.chain, { ...layer, descriptor }];
    }),
  );
  if (document.version !== 1) throw invalid('parse build cache: not of version 1');
  return { layers, records: listOf(document.records, 'records').map(parseRecord) };
}

/** Reads the cache in an image's configuration (hostile); undefined when it has none. */
export function parseInlineCache(bytes: Uint8Array, manifest: Manifest): CacheContents | undefined {
  const config = parseJson(bytes, 'image config') as unknown as ImageConfig &
    Record<string, unknown>;
  const inline = config[inlineField];
  if (inline === undefined) return undefined;
  const diffIds = config.rootfs?.diff_ids ?? [];
  if (!Array.isArray(diffIds) || diffIds.length !== manifest.layers.length) {
    throw invalid('parse inline cache: the image has not as many layers as its configuration says');
  }
  const chains = chainIds(diffIds.map((value) => digestOf(value, 'diffId')));
  const layers = chains.map((chain, index) => {
    const descriptor = manifest.layers[index]!;
    const layer: CacheLayer = {
      chain,
      parent: chains[index - 1],
      diffId: diffIds[index]!,
      sizeBytes: 0,
      blob: descriptor.digest,
    };
    return [chain, { ...layer, descriptor }] as const;
  });
  return { layers: new Map(layers), records: listOf(inline, inlineField).map(parseRecord) };
}

type Fields = Readonly<Record<string, unknown>>;

function parseJson(bytes: Uint8Array, what: string): Fields {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (isFields(value)) return value;
  } catch (cause) {
    throw invalid(`parse ${what}: not JSON`, { cause });
  }
  throw invalid(`parse ${what}: not an object`);
}

function parseLayer(value: unknown): CacheLayer {
  const fields = fieldsOf(value, 'layer');
  return {
    chain: digestOf(fields.chain, 'chain'),
    parent: fields.parent === undefined ? undefined : digestOf(fields.parent, 'parent'),
    diffId: digestOf(fields.diffId, 'diffId'),
    sizeBytes: sizeOf(fields.sizeBytes, 'sizeBytes'),
    blob: digestOf(fields.blob, 'blob'),
  };
}

function parseRecord(value: unknown): TravellingRecord {
  const fields = fieldsOf(value, 'record');
  const { parentKey } = fields;
  return {
    key: digestOf(fields.key, 'key'),
    chain: digestOf(fields.chain, 'chain'),
    identity: textOf(fields.identity, 'identity'),
    sizeBytes: sizeOf(fields.sizeBytes, 'sizeBytes'),
    description: textOf(fields.description, 'description'),
    site: textOf(fields.site, 'site'),
    parentKey: parentKey === undefined ? undefined : digestOf(parentKey, 'parentKey'),
    inputs: inputsOf(fields.inputs),
    createdAtMs: sizeOf(fields.createdAtMs, 'createdAtMs'),
    quick: listOf(fields.quick, 'quick').map((quick) => digestOf(quick, 'quick')),
  };
}

function inputsOf(value: unknown): Record<string, string> {
  const fields = fieldsOf(value, 'inputs');
  return Object.fromEntries(
    Object.entries(fields).map(([name, text]) => [name, textOf(text, `inputs.${name}`)]),
  );
}

const wrong = (what: string) => invalid(`parse build cache: ${what} is missing or malformed`);

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown, what: string): Fields {
  if (!isFields(value)) throw wrong(what);
  return value;
}

function listOf(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(what);
  return value;
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw wrong(what);
  return value;
}

function digestOf(value: unknown, what: string): Digest {
  if (typeof value !== 'string' || !isDigest(value)) throw wrong(what);
  return value;
}

function sizeOf(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong(what);
  return value as number;
}
