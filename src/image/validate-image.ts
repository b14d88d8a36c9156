import { createHash } from 'node:crypto';
import {
  type ByteStream,
  collect,
  type Digest,
  digestAlgorithm,
  digestOf,
  errorMessage,
  finishDigest,
} from '../core/index.ts';
import { decompress } from './compression/compression.ts';
import type { Descriptor } from './manifest/descriptor.ts';
import type { ImageConfig } from './manifest/image-config.ts';
import { mostDocumentBytes } from './manifest/json-shape.ts';
import { isIndexType, layerCompression } from './manifest/media-types.ts';
import { parseImageConfig } from './manifest/parse-image-config.ts';
import { parseIndex, parseManifest } from './manifest/parse-manifest.ts';
import { createTarParser } from './tar/tar-parser.ts';
import type { ImageSource, RawManifest } from './transfer/endpoints.ts';

/** One thing about an image that is not as it should be. */
export interface ImageFinding {
  readonly rule:
    | 'digest'
    | 'size'
    | 'diff-id'
    | 'layer-count'
    | 'history'
    | 'media-type'
    /** Absent, or cannot be read as what it should be. */
    | 'content';
  /** What it is about, such as `layer 3 (sha256:…)`. */
  readonly subject: string;
  readonly got: string;
  readonly want: string;
}

/**
 * Reads all of an image, of every platform, and tells each mismatch; an image without fault gives
 * none. Only an abort is thrown.
 */
export async function validateImage(
  source: ImageSource,
  { signal }: { signal?: AbortSignal } = {},
): Promise<ImageFinding[]> {
  const findings: ImageFinding[] = [];
  const seen = new Set<Digest>();
  const report: Report = (finding) => void findings.push(finding);
  /** Whatever `read` throws becomes a finding. */
  const attempt: Attempt = async (subject, read) => {
    try {
      return await read();
    } catch (error) {
      signal?.throwIfAborted();
      report({ rule: 'content', subject, got: errorMessage(error), want: 'readable content' });
      return undefined;
    }
  };
  const context = { source, signal, seen, report, attempt };
  const root = await attempt('root', () => source.root(signal));
  if (root) await checkManifest(context, root, 'root');
  return findings;
}

type Report = (finding: ImageFinding) => void;
type Attempt = <T>(subject: string, read: () => Promise<T> | T) => Promise<T | undefined>;
interface Context {
  readonly source: ImageSource;
  readonly signal: AbortSignal | undefined;
  /** Blobs and manifests that were looked at. */
  readonly seen: Set<Digest>;
  readonly report: Report;
  readonly attempt: Attempt;
}

async function checkManifest(context: Context, raw: RawManifest, name: string): Promise<void> {
  const { descriptor, bytes } = raw;
  if (context.seen.has(descriptor.digest)) return;
  context.seen.add(descriptor.digest);
  const subject = `${name} (${descriptor.digest})`;
  checkContent(context, { subject, descriptor, actual: measureBytes(bytes, descriptor) });
  if (!isIndexType(descriptor.mediaType)) return checkImage(context, raw, subject);
  const index = await context.attempt(subject, () => parseIndex(bytes, descriptor.mediaType));
  for (const [position, child] of (index?.manifests ?? []).entries()) {
    const childName = `${name}, manifest ${position + 1}`;
    const read = () => context.source.manifest(child, context.signal);
    const manifest = await context.attempt(`${childName} (${child.digest})`, read);
    if (manifest) {
      await checkManifest(context, { descriptor: child, bytes: manifest.bytes }, childName);
    }
  }
}

async function checkImage(context: Context, raw: RawManifest, subject: string): Promise<void> {
  const { descriptor, bytes } = raw;
  const read = () => parseManifest(bytes, descriptor.mediaType);
  const manifest = await context.attempt(subject, read);
  if (!manifest) return;
  const config = await checkConfig(context, manifest.config);
  if (config) checkCounts(context, { config, layers: manifest.layers.length, subject });
  for (const [index, layer] of manifest.layers.entries()) {
    const diffId = config?.rootfs.diff_ids[index];
    await checkLayer(context, layer, { subject: `layer ${index + 1} (${layer.digest})`, diffId });
  }
}

async function checkConfig(
  context: Context,
  descriptor: Descriptor,
): Promise<ImageConfig | undefined> {
  const subject = `config (${descriptor.digest})`;
  const bytes = await context.attempt(subject, () =>
    collect(open(context, descriptor), mostDocumentBytes),
  );
  if (!bytes) return undefined;
  checkContent(context, { subject, descriptor, actual: measureBytes(bytes, descriptor) });
  return context.attempt(subject, () => parseImageConfig(bytes));
}

function checkCounts(
  { report }: Context,
  { config, layers, subject }: { config: ImageConfig; layers: number; subject: string },
): void {
  const diffIds = config.rootfs.diff_ids.length;
  if (diffIds !== layers) {
    const got = `${layers} layers, ${diffIds} diffIds`;
    report({ rule: 'layer-count', subject, got, want: 'as many of the one as of the other' });
  }
  if (!config.history || config.history.length === 0) return;
  const filled = config.history.filter((entry) => !entry.empty_layer).length;
  if (filled !== layers) {
    const got = `${filled} entries of history that made a layer`;
    report({ rule: 'history', subject, got, want: `${layers}, one for each layer` });
  }
}

async function checkLayer(
  context: Context,
  descriptor: Descriptor,
  { subject, diffId }: { subject: string; diffId: Digest | undefined },
): Promise<void> {
  const compression = layerCompression(descriptor.mediaType);
  if (!compression) {
    const got = descriptor.mediaType;
    context.report({ rule: 'media-type', subject, got, want: "a layer's media type" });
  }
  if (context.seen.has(descriptor.digest)) return;
  context.seen.add(descriptor.digest);
  const stored = createMeasure(descriptor.digest);
  const archive = createMeasure(diffId ?? descriptor.digest);
  const isRead = await context.attempt(subject, async () => {
    const parser = createTarParser({ onEntry: () => 'skip' });
    const stream = decompress(stored.tap(open(context, descriptor)), compression ?? 'none');
    for await (const chunk of archive.tap(stream)) parser.write(chunk);
    parser.end();
    return true;
  });
  // A damaged layer still has a digest, for which it must be read to its end.
  const actual = isRead
    ? stored.result()
    : await context.attempt(subject, async () => {
        const whole = createMeasure(descriptor.digest);
        for await (const chunk of whole.tap(open(context, descriptor))) void chunk;
        return whole.result();
      });
  if (actual) checkContent(context, { subject, descriptor, actual });
  if (isRead && diffId && archive.result().digest !== diffId) {
    context.report({ rule: 'diff-id', subject, got: archive.result().digest, want: diffId });
  }
}

function open({ source, signal }: Context, descriptor: Descriptor): ByteStream {
  return source.blob(descriptor, { offset: 0, ...(signal && { signal }) });
}

interface Measured {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

function checkContent(
  { report }: Context,
  { subject, descriptor, actual }: { subject: string; descriptor: Descriptor; actual: Measured },
): void {
  if (actual.digest !== descriptor.digest) {
    report({ rule: 'digest', subject, got: actual.digest, want: descriptor.digest });
  }
  if (actual.sizeBytes !== descriptor.size) {
    const [got, want] = [actual.sizeBytes, descriptor.size].map((size) => `${size} bytes`);
    report({ rule: 'size', subject, got: got!, want: want! });
  }
}

function measureBytes(bytes: Uint8Array, { digest }: Descriptor): Measured {
  return { digest: digestOf(bytes, digestAlgorithm(digest)), sizeBytes: bytes.length };
}

function createMeasure(like: Digest) {
  const algorithm = digestAlgorithm(like);
  const hash = createHash(algorithm);
  let sizeBytes = 0;
  return {
    async *tap(stream: ByteStream): ByteStream {
      for await (const chunk of stream) {
        sizeBytes += chunk.length;
        hash.update(chunk);
        yield chunk;
      }
    },
    result: (): Measured => ({ digest: finishDigest(hash.copy(), algorithm), sizeBytes }),
  };
}
