import { type Digest, digestOf } from '../../core/index.ts';
import { keyOf } from '../cache/inputs.ts';
import type { CacheRecord, CacheRecords } from '../cache/records.ts';
import type { Filesystems } from '../ports.ts';
import type { Parent } from './build-scope.ts';
import type { LayerStep, LookedStep, StepNote } from './layer-step.ts';
import type { SharedWork } from './shared-work.ts';
import type { Slots } from './slots.ts';

/** Where records are looked for besides this machine's own; what it finds is at hand afterwards. */
export interface ForeignRecords {
  find(key: Digest, signal: AbortSignal): Promise<CacheRecord | undefined>;
}

export interface ResolverOptions {
  readonly records: CacheRecords;
  readonly filesystems: Filesystems;
  readonly shared: SharedWork<StepNote, CacheRecord>;
  readonly slots: Slots;
  readonly foreign?: ForeignRecords;
  /** Names the build; steps that may not use the cache are shared within it alone. */
  readonly buildId: string;
  /** One time for all uses by a build, so that a stack's layers age together. */
  readonly startedAtMs: number;
  /** The build needs the stack from now on: it must not be deleted under it. */
  readonly hold: (chain: Digest) => void;
}

export interface LayerRequest {
  readonly step: LayerStep;
  readonly parent: Parent;
  readonly description: string;
  readonly site: string;
  readonly mayUseCache: boolean;
  /** Not shared with other builds, such as for keeping the filesystem of a failure. */
  readonly alone: boolean;
  readonly signal: AbortSignal;
  readonly onNote: (note: StepNote) => void;
  /** Called before the layer is made, with what its key was made of. */
  readonly onMiss: (looked: LookedStep, key: Digest) => void;
}

/** The layer of a step, from the cache or made now. */
export interface ResolvedLayer {
  readonly record: CacheRecord;
  readonly cached: boolean;
}

/** Resolves steps to layers: the cache first, then work shared with all who want the same. */
export function createLayerResolver(options: ResolverOptions) {
  const { records, filesystems, shared, slots, foreign, buildId, startedAtMs, hold } = options;
  /** What this build made although it might not use the cache. */
  const madeHere = new Map<Digest, CacheRecord>();

  async function fromCache(key: Digest, signal: AbortSignal): Promise<CacheRecord | undefined> {
    const record = records.get(key);
    if (record) {
      hold(record.chain);
      if (await filesystems.has(record.chain)) {
        records.touch(key, startedAtMs);
        return record;
      }
    }
    return foreign?.find(key, signal);
  }

  async function fromQuickKey(request: LayerRequest): Promise<CacheRecord | undefined> {
    const { step, signal } = request;
    if (!step.quick) return undefined;
    const key = records.resolveAlias(keyOf(step.quick));
    return key && fromCache(key, signal);
  }

  async function make(
    request: LayerRequest,
    { looked, key }: { looked: LookedStep; key: Digest },
  ): Promise<CacheRecord> {
    const { parent, signal, onNote, mayUseCache, alone } = request;
    request.onMiss(looked, key);
    const workKey = mayUseCache && !alone ? key : `${buildId} ${key}`;
    return shared.run(
      workKey,
      async ({ signal: workSignal, tell }) =>
        slots.run(async () => {
          const layer = await looked.make({ signal: workSignal, tell });
          hold(layer.chain);
          const record = recordOf(request, { looked, key, layer });
          records.put(record, looked.details);
          return record;
        }, workSignal),
      { signal, onNote },
    );

    function recordOf(
      { description, site }: LayerRequest,
      made: { looked: LookedStep; key: Digest; layer: Awaited<ReturnType<LookedStep['make']>> },
    ): CacheRecord {
      const { chain, sizeBytes, contentDigest } = made.layer;
      const content =
        contentDigest === undefined ? chain : digestOf(`${parent.identity} ${contentDigest}`);
      return {
        key,
        chain,
        identity: made.looked.deterministic ? key : content,
        sizeBytes,
        description,
        site,
        parentKey: parent.key,
        inputs: made.looked.inputs,
        createdAtMs: Date.now(),
        usedAtMs: startedAtMs,
        uses: 0,
      };
    }
  }

  return async function resolve(request: LayerRequest): Promise<ResolvedLayer> {
    const { step, signal, mayUseCache } = request;
    const quick = mayUseCache ? await fromQuickKey(request) : undefined;
    if (quick) return { record: quick, cached: true };
    const looked = await step.look(signal);
    const key = keyOf(looked.inputs);
    const known = mayUseCache ? await fromCache(key, signal) : madeHere.get(key);
    const record = known ?? (await make(request, { looked, key }));
    hold(record.chain);
    if (!mayUseCache) madeHere.set(key, record);
    if (step.quick) records.alias(keyOf(step.quick), key);
    return { record, cached: known !== undefined };
  };
}

export type LayerResolver = ReturnType<typeof createLayerResolver>;
