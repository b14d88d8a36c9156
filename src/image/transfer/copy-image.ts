import {
  type ByteStream,
  canceled,
  type Digest,
  errorMessage,
  hostPlatform,
  invalid,
  type Platform,
  unavailable,
} from '../../core/index.ts';
import type { Descriptor } from '../manifest/descriptor.ts';
import { isManifestType } from '../manifest/media-types.ts';
import type { ImageSink, ImageSource, RawManifest, TransferEvent } from './endpoints.ts';
import { manifestOf, readAllManifests, readPlatformManifest, readRoot } from './read-manifests.ts';
import { type RetryPolicy, usualRetries, withRetries } from './retry.ts';

export interface CopyOptions {
  readonly source: ImageSource;
  readonly sink: ImageSink;
  /** Which image of an index to copy; the host's platform when left out. */
  readonly platform?: Platform;
  /** Copies the whole index instead. */
  readonly allPlatforms?: boolean;
  /** Names the copy gets in the sink. */
  readonly tags?: readonly string[];
  /** Blobs under way at once, 5 when left out. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TransferEvent) => void;
  readonly retries?: RetryPolicy;
}

export interface CopyResult {
  /** What the source offered, perhaps an index. */
  readonly root: RawManifest;
  /** What the sink now has: the root itself, or the manifest chosen from it. */
  readonly copied: RawManifest;
}

/**
 * Copies an image from any source to any sink: blobs side by side, then the manifests that name
 * them, the root last. Manifests are verified here, blobs by the sink. A blob whose transfer is cut
 * is taken up again where the sink has it. The first error stops all the rest and is thrown once
 * nothing runs any more; an abort is thrown as `canceled`.
 */
export async function copyImage(options: CopyOptions): Promise<CopyResult> {
  const { source, sink, signal: outer, onEvent = () => undefined } = options;
  const stop = new AbortController();
  const signal = outer ? AbortSignal.any([outer, stop.signal]) : stop.signal;
  try {
    signal.throwIfAborted();
    const planned = planCopy(options, signal);
    const { tell, tellPlan } = planFirst(onEvent);
    const copies = blobCopies({
      sink,
      source,
      onEvent: tell,
      policy: options.retries ?? usualRetries,
    });
    const queue = blobsOf(source, planned.then(tellPlan));
    try {
      await eachAtOnce(queue, options.concurrency ?? 5, {
        stop,
        run: (blob) => copies(blob, signal),
      });
    } finally {
      await Promise.allSettled([planned]);
    }
    const plan = await planned;
    const { root, copied } = plan;
    for (const manifest of plan.manifests) {
      const isRoot = manifest === copied;
      const tags = isRoot ? (options.tags ?? []) : [];
      await sink.putManifest(manifest, { tags, ...(!isRoot && { inIndex: true }), signal });
    }
    return { root, copied };
  } catch (error) {
    await sink.abandon?.();
    if (outer?.aborted) throw canceled('copy image: canceled', { cause: outer.reason });
    throw error;
  }
}

interface CopyPlan {
  readonly root: RawManifest;
  readonly copied: RawManifest;
  /** In the order in which they are put; `copied` is last. */
  readonly manifests: readonly RawManifest[];
  readonly configs: readonly Descriptor[];
  readonly layers: readonly Descriptor[];
}

async function planCopy(options: CopyOptions, signal: AbortSignal): Promise<CopyPlan> {
  const { source, allPlatforms, platform = hostPlatform() } = options;
  const root = await readRoot(source, signal);
  const copied = allPlatforms
    ? root
    : await readPlatformManifest(source, root, { platform, signal });
  const manifests = await readAllManifests(source, copied, signal);
  const images = manifests
    .filter(({ descriptor }) => isManifestType(descriptor.mediaType))
    .map(manifestOf);
  const seen = new Map<Digest, Descriptor>();
  const configs = onlyNew(
    images.map(({ config }) => config),
    seen,
  );
  const layers = onlyNew(images.flatMap((image) => image.layers).filter(isKept), seen);
  return { root, copied, manifests, configs, layers };
}

/** The blobs to copy: what is ready early, then the rest of the plan. */
async function* blobsOf(
  source: ImageSource,
  planned: Promise<CopyPlan>,
): AsyncGenerator<Descriptor> {
  // Heard of below, unless the copy fails before.
  planned.catch(() => undefined);
  const early = new Set<Digest>();
  if (source.readyBlobs) {
    for await (const blob of source.readyBlobs()) {
      if (!early.has(blob.digest)) yield blob;
      early.add(blob.digest);
    }
  }
  const { configs, layers } = await planned;
  for (const blob of [...configs, ...layers]) if (!early.has(blob.digest)) yield blob;
}

/** Holds back what is told of blobs until the plan is, which names them. */
function planFirst(onEvent: (event: TransferEvent) => void) {
  let held: TransferEvent[] | undefined = [];
  return {
    tell(event: TransferEvent): void {
      if (held) held.push(event);
      else onEvent(event);
    },
    tellPlan(plan: CopyPlan): CopyPlan {
      const { root, copied, configs, layers } = plan;
      onEvent({ kind: 'plan', root, copied, configs, layers });
      for (const { digest } of [...configs, ...layers]) onEvent({ kind: 'waiting', blob: digest });
      for (const event of held ?? []) onEvent(event);
      held = undefined;
      return plan;
    },
  };
}

/** Layers that may not be passed on (Windows bases) stay where their manifest says. */
function isKept({ mediaType, urls }: Descriptor): boolean {
  const isForeign = mediaType.includes('.foreign.') || mediaType.includes('.nondistributable.');
  return !(isForeign && urls && urls.length > 0);
}

function onlyNew(descriptors: readonly Descriptor[], seen: Map<Digest, Descriptor>): Descriptor[] {
  return descriptors.filter((descriptor) => {
    const earlier = seen.get(descriptor.digest);
    if (earlier && earlier.size !== descriptor.size) {
      throw invalid(
        `copy image: blob ${descriptor.digest} has ${earlier.size} bytes in one place and ${descriptor.size} in another`,
        { code: 'SIZE_INVALID' },
      );
    }
    seen.set(descriptor.digest, descriptor);
    return !earlier;
  });
}

function blobCopies(options: {
  source: ImageSource;
  sink: ImageSink;
  onEvent: (event: TransferEvent) => void;
  policy: RetryPolicy;
}): (blob: Descriptor, signal: AbortSignal) => Promise<void> {
  const { source, sink, onEvent, policy } = options;
  return async (blob, signal) => {
    const { digest, size } = blob;
    let doneBytes = 0;
    let receivedTo = 0;
    const onProgress = (storedBytes: number) => {
      doneBytes = storedBytes;
      onEvent({ kind: 'progress', blob: digest, doneBytes, totalBytes: size });
    };
    const open = (offset: number) =>
      measured(source.blob(blob, { offset, signal }), blob, {
        offset,
        onChunk: (end) => {
          receivedTo = Math.max(receivedTo, end);
        },
      });
    const attempt = async (): Promise<'exists' | 'done'> => {
      if (await sink.hasBlob(blob, signal)) return 'exists';
      await sink.putBlob(blob, open, { signal, onProgress });
      return 'done';
    };
    const kind = await withRetries(attempt, {
      policy,
      signal,
      progress: () => receivedTo,
      onRetry: (count, error) =>
        onEvent({ kind: 'retry', blob: digest, attempt: count, reason: errorMessage(error) }),
    });
    onEvent({ kind, blob: digest });
  };
}

/** Tells a stream that was cut short, which may be tried again, from one with too many bytes. */
async function* measured(
  stream: ByteStream,
  { digest, size }: Descriptor,
  { offset, onChunk }: { offset: number; onChunk: (end: number) => void },
): ByteStream {
  let end = offset;
  for await (const chunk of stream) {
    end += chunk.length;
    if (end > size) {
      throw invalid(`read blob ${digest}: more than the announced ${size} bytes`, {
        code: 'SIZE_INVALID',
      });
    }
    onChunk(end);
    yield chunk;
  }
  if (end < size) throw unavailable(`read blob ${digest}: cut after ${end} of ${size} bytes`);
}

/**
 * Runs over all items, `limit` of them at once. The first failure aborts `stop`; it is thrown when
 * everything that had begun has ended.
 */
async function eachAtOnce<T>(
  items: AsyncGenerator<T>,
  limit: number,
  { stop, run }: { stop: AbortController; run: (item: T) => Promise<void> },
): Promise<void> {
  let failure: { error: unknown } | undefined;
  const worker = async () => {
    try {
      for await (const item of items) {
        if (failure) return;
        await run(item);
      }
    } catch (error) {
      failure ??= { error };
      stop.abort(failure.error);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, limit) }, worker));
  if (failure) throw failure.error;
}
