import { type Digest, digestOf, type Limit } from '../../core/index.ts';
import { keyOf } from '../cache/inputs.ts';
import type { CacheRecord, CacheRecords } from '../cache/records.ts';
import type { Filesystems } from '../ports.ts';
import type { Parent } from './build-scope.ts';
import type { LayerStep, LookedStep, MadeLayer, StepNote } from './layer-step.ts';
import type { SharedWork } from './shared-work.ts';

/** Where records are looked for besides this machine's own; what it finds is at hand afterwards. */
export interface ForeignRecords {
  find(key: Digest): Promise<CacheRecord | undefined>;
  findQuick(quick: Digest): Promise<CacheRecord | undefined>;
}

export interface ResolverOptions {
  readonly records: CacheRecords;
  readonly filesystems: Filesystems;
  readonly shared: SharedWork<StepNote, CacheRecord>;
  /** So many steps of all builds run at once. */
  readonly slots: Limit;
  readonly foreign?: ForeignRecords;
  /** Names the build; steps that may not use the cache are shared within it alone. */
  readonly buildId: string;
  /** One time for all uses by a build, so that a stack's layers age together. */
  readonly startedAtMs: number;
  /** The build needs the stack from now on: it must not be deleted under it. */
  readonly hold: (chain: Digest) => void;
  readonly onResolved: (record: CacheRecord, quick: Digest | undefined) => void;
  /** Work began that reads this build's files, and may outlast it when others want it, too. */
  readonly onHosted: (work: Promise<unknown>) => void;
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

  async function fromCache(key: Digest): Promise<CacheRecord | undefined> {
    const record = records.get(key);
    if (record) {
      hold(record.chain);
      if (await filesystems.has(record.chain)) {
        records.touch(key, startedAtMs);
        return record;
      }
    }
    return foreign?.find(key);
  }

  async function fromQuickKey(quick: Digest | undefined): Promise<CacheRecord | undefined> {
    if (!quick) return undefined;
    const key = records.resolveAlias(quick);
    return key ? fromCache(key) : foreign?.findQuick(quick);
  }

  async function make(
    request: LayerRequest,
    { looked, key }: { looked: LookedStep; key: Digest },
  ): Promise<CacheRecord> {
    const { signal, onNote, mayUseCache, alone } = request;
    request.onMiss(looked, key);
    const workKey = mayUseCache && !alone ? key : `${buildId} ${key}`;
    return shared.run(
      workKey,
      ({ signal: workSignal, tell }) => {
        const work = slots(async () => {
          const layer = await looked.make({ signal: workSignal, tell, mayReuse: mayUseCache });
          hold(layer.chain);
          const record = recordOf(request, { looked, key, layer, startedAtMs });
          records.put(record, looked.details);
          return record;
        }, workSignal);
        options.onHosted(work);
        return work;
      },
      { signal, onNote },
    );
  }

  return async function resolve(request: LayerRequest): Promise<ResolvedLayer> {
    const { step, signal, mayUseCache } = request;
    const quick = step.quick && keyOf(step.quick);
    let record = mayUseCache ? await fromQuickKey(quick) : undefined;
    let cached = record !== undefined;
    if (!record) {
      const looked = await step.look(signal);
      const key = keyOf(looked.inputs);
      record = mayUseCache ? await fromCache(key) : madeHere.get(key);
      cached = record !== undefined;
      record ??= await make(request, { looked, key });
      if (!mayUseCache) madeHere.set(key, record);
      if (quick) records.alias(quick, key);
    }
    hold(record.chain);
    options.onResolved(record, quick);
    return { record, cached };
  };
}

interface MadeStep {
  readonly looked: LookedStep;
  readonly key: Digest;
  readonly layer: MadeLayer;
  readonly startedAtMs: number;
}

function recordOf(
  { parent, description, site }: LayerRequest,
  { looked, key, layer, startedAtMs }: MadeStep,
): CacheRecord {
  const { chain, sizeBytes, contentDigest } = layer;
  const content =
    contentDigest === undefined ? chain : digestOf(`${parent.identity} ${contentDigest}`);
  return {
    key,
    chain,
    identity: looked.deterministic ? key : content,
    sizeBytes,
    description,
    site,
    parentKey: parent.key,
    inputs: looked.inputs,
    createdAtMs: Date.now(),
    usedAtMs: startedAtMs,
    uses: 0,
  };
}

export type LayerResolver = ReturnType<typeof createLayerResolver>;
