import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type Digest,
  digestAlgorithm,
  digestHex,
  digestOf,
  errorKind,
  finishDigest,
  invalid,
  makeDirectories,
} from '../../core/index.ts';
import { encodeDocument } from '../image.ts';
import type { Descriptor } from '../manifest/descriptor.ts';
import type { Index } from '../manifest/manifest.ts';
import { mediaTypes } from '../manifest/media-types.ts';
import type { ImageSink, PutOptions, RawManifest } from '../transfer/endpoints.ts';
import { directoryFiles } from './directory-files.ts';
import { readRange } from './member-files.ts';
import {
  blobPath,
  indexFile,
  layoutFile,
  layoutVersion,
  readLayoutIndex,
  refNameAnnotation,
} from './oci-layout.ts';
import { renameDurably, writeDurably } from './write-durably.ts';
import { writeWhole } from './write-whole.ts';

const progressEveryMs = 200;

/**
 * Writes images into an OCI layout directory, which is made when it is not there. What it holds
 * already stays; a tag moves to the image put last. Blobs that were cut lie in `.ingest/` and are
 * taken up again, also by a later sink on the same directory. One process at a time.
 */
export function layoutSink(directory: string): ImageSink {
  const files = directoryFiles(directory);
  const inTurn = createTurns();
  let made: Promise<void> | undefined;

  /** The layout is made once, or two who begin together would each write an empty index. */
  const prepare = async (digest: Digest) => {
    made ??= makeLayout(directory);
    await made.catch((error) => {
      made = undefined;
      throw error;
    });
    await makeDirectories(join(directory, dirname(blobPath(digest))));
  };

  const isThere = async ({ digest, size }: Descriptor) =>
    (await files.sizeOf(blobPath(digest))) === size;

  const writeBlob = async (source: IngestSource) => {
    const { digest } = source.descriptor;
    if (await isThere(source.descriptor)) return;
    await prepare(digest);
    const ingest = join(directory, '.ingest', `${digestAlgorithm(digest)}-${digestHex(digest)}`);
    await ingestBlob(ingest, source);
    await renameDurably(ingest, join(directory, blobPath(digest)));
  };

  const putIndexEntries = async (descriptor: Descriptor, tags: readonly string[]) => {
    const index = await readLayoutIndex(files);
    const next = withEntries(index?.manifests ?? [], descriptor, tags);
    await writeDurably(join(directory, indexFile), encodeDocument(next));
  };

  return {
    hasBlob: isThere,

    putBlob: (descriptor, openSource, options) =>
      // Of several writers of a blob one writes; if it fails, the next one goes on from there.
      inTurn(descriptor.digest, () => writeBlob({ descriptor, openSource, options })),

    async putManifest({ descriptor, bytes }: RawManifest, { tags, inIndex }) {
      const digest = digestOf(bytes, digestAlgorithm(descriptor.digest));
      refuseMismatch(descriptor, { digest, sizeBytes: bytes.length });
      await prepare(descriptor.digest);
      await writeDurably(join(directory, blobPath(descriptor.digest)), bytes);
      if (inIndex) return;
      await inTurn(indexFile, () => putIndexEntries(descriptor, tags));
    },
  };
}

/** Runs what has the same key one after the other. */
function createTurns() {
  const last = new Map<string, Promise<unknown>>();
  return async (key: string, run: () => Promise<void>): Promise<void> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(run);
    const settled = turn.catch(() => undefined);
    last.set(key, settled);
    await turn.finally(() => {
      if (last.get(key) === settled) last.delete(key);
    });
  };
}

async function makeLayout(directory: string): Promise<void> {
  await makeDirectories(join(directory, '.ingest'));
  const files = directoryFiles(directory);
  if ((await files.sizeOf(indexFile)) === undefined) {
    const empty: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
    await writeDurably(join(directory, indexFile), encodeDocument(empty));
  }
  // Last, as it is what makes the directory a layout.
  if ((await files.sizeOf(layoutFile)) === undefined) {
    const layout = encodeDocument({ imageLayoutVersion: layoutVersion });
    await writeDurably(join(directory, layoutFile), layout);
  }
}

interface IngestSource {
  readonly descriptor: Descriptor;
  readonly openSource: Parameters<ImageSink['putBlob']>[1];
  readonly options: PutOptions;
}

/** Fills the file up to the whole, verified blob; keeps a part when the source fails. */
async function ingestBlob(path: string, source: IngestSource): Promise<void> {
  const handle = await open(path, 'a+', 0o644);
  try {
    const resumedBytes = (await handle.stat()).size;
    const isWhole = await fillUp(handle, source).catch((error) => {
      // What an earlier attempt left may be to blame, so that is not held against the source.
      if (resumedBytes > 0 && errorKind(error) === 'invalid') return false;
      throw error;
    });
    if (!isWhole) {
      await handle.truncate(0);
      await fillUp(handle, source);
    }
    await handle.sync();
  } catch (error) {
    if (errorKind(error) === 'invalid') await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Appends what the file lacks of the blob. Throws `invalid` unless it then is the blob. */
async function fillUp(
  handle: FileHandle,
  { descriptor, openSource, options }: IngestSource,
): Promise<true> {
  const algorithm = digestAlgorithm(descriptor.digest);
  const hash = createHash(algorithm);
  const { size } = await handle.stat();
  for await (const chunk of readRange(handle, { start: 0, end: size })) hash.update(chunk);
  let sizeBytes = size;
  const report = throttled(options.onProgress);
  report(sizeBytes);
  if (sizeBytes < descriptor.size || sizeBytes === 0) {
    for await (const chunk of openSource(sizeBytes)) {
      options.signal?.throwIfAborted();
      await writeWhole(handle, chunk);
      hash.update(chunk);
      sizeBytes += chunk.length;
      report(sizeBytes);
      if (sizeBytes > descriptor.size) break;
    }
  }
  refuseMismatch(descriptor, { digest: finishDigest(hash, algorithm), sizeBytes });
  options.onProgress?.(sizeBytes);
  return true;
}

function refuseMismatch(
  { digest, size }: Descriptor,
  actual: { digest: Digest; sizeBytes: number },
): void {
  if (actual.sizeBytes !== size) {
    const amount = actual.sizeBytes > size ? 'more' : `only ${actual.sizeBytes}`;
    throw invalid(`write blob ${digest}: ${size} bytes were announced, ${amount} came`, {
      code: 'SIZE_INVALID',
    });
  }
  if (actual.digest !== digest) {
    throw invalid(`write blob ${digest}: content has digest ${actual.digest}`, {
      code: 'DIGEST_INVALID',
    });
  }
}

/** The index with the image under these tags, which no other has any more, or under none. */
function withEntries(
  entries: readonly Descriptor[],
  descriptor: Descriptor,
  tags: readonly string[],
): Index {
  const kept = entries.filter((entry) => {
    const name = entry.annotations?.[refNameAnnotation];
    if (name !== undefined) return !tags.includes(name);
    // A nameless entry is of no use once the image has a name.
    return entry.digest !== descriptor.digest;
  });
  const isThere = kept.some((entry) => entry.digest === descriptor.digest);
  const named = tags.map((tag) => ({
    ...descriptor,
    annotations: { ...descriptor.annotations, [refNameAnnotation]: tag },
  }));
  const added = tags.length > 0 || isThere ? named : [descriptor];
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...kept, ...added] };
}

function throttled(report: ((storedBytes: number) => void) | undefined) {
  let reportedAtMs = 0;
  return (storedBytes: number) => {
    const nowMs = performance.now();
    if (nowMs - reportedAtMs < progressEveryMs) return;
    reportedAtMs = nowMs;
    report?.(storedBytes);
  };
}
