import type { Digest } from '../../core/index.ts';
import type { BuildRequest } from '../builder.ts';
import type { BuilderPorts } from '../builder-ports.ts';
import type { TravellingRecord } from '../cache/transfer/cache-document.ts';
import { exportCache } from '../cache/transfer/export-cache.ts';
import { addressText } from '../session/open-foreign-cache.ts';
import type { Session, SolvedBuild } from '../session/session.ts';
import { taskFailure } from './outputs.ts';

/** The records of a build for travelling: all of them, or those of the image's own layers. */
export async function travellingRecords(
  solved: SolvedBuild,
  mode: 'min' | 'max',
): Promise<TravellingRecord[]> {
  const own = await ownChains(solved);
  const byKey = new Map<Digest, TravellingRecord>();
  for (const { record, quick } of solved.resolved) {
    const chain = own.get(record.chain);
    if (mode === 'min' && chain === undefined) continue;
    const { key, identity, sizeBytes, description, site, parentKey, inputs, createdAtMs } = record;
    byKey.set(key, {
      ...{
        key,
        chain: chain ?? record.chain,
        identity,
        sizeBytes,
        description,
        site,
        parentKey,
        inputs,
        createdAtMs,
      },
      quick: quick ? [quick] : [],
    });
  }
  return [...byKey.values()];
}

/**
 * The stack each of the target's layers has in the image. It is another than its step's where a
 * step was done again with the same content, and what follows it came from the cache.
 */
async function ownChains({ target, filesystems }: SolvedBuild): Promise<Map<Digest, Digest>> {
  const { chain } = target.top;
  if (chain === null) return new Map();
  const stack = await filesystems.layers(chain);
  const steps = [...target.layers].sort(([a], [b]) => a - b).map(([, layer]) => layer.chain);
  const above = stack.slice(stack.length - steps.length);
  return new Map(steps.map((step, index) => [step, above[index]!.chain]));
}

/** Is the cache to travel in the image itself? */
export function wantsInlineCache({ cacheTo = [], buildArgs }: BuildRequest): boolean {
  return cacheTo.some(({ kind }) => kind === 'inline') || buildArgs.BUILDKIT_INLINE_CACHE === '1';
}

/** Writes the build's cache wherever the request says. */
export async function exportCaches(
  solved: SolvedBuild,
  { request, emit, controller }: Session,
  { cacheStores, layers }: BuilderPorts,
): Promise<void> {
  const bases = new Set<Digest>();
  for (const { chain } of solved.plan.images.values()) if (chain) bases.add(chain);
  for (const { mode = 'min', ...address } of request.cacheTo ?? []) {
    if (address.kind === 'inline') continue;
    const task = `exporting cache to ${addressText(address)}`;
    emit({ kind: 'task-started', task, atMs: Date.now() });
    const exporting = async () =>
      exportCache(
        { records: await travellingRecords(solved, mode), bases },
        {
          sink: await cacheStores.sink(address, { auth: request.auth }),
          tag: (address.kind === 'registry' && address.reference.tag) || 'latest',
          filesystems: solved.filesystems,
          layers,
          onProgress: (current, total) => emit({ kind: 'task-progress', task, current, total }),
          signal: controller.signal,
        },
      );
    try {
      const { manifestDigest } = await exporting();
      emit({ kind: 'task-done', task, atMs: Date.now(), detail: manifestDigest });
    } catch (error) {
      const what = `failed to export cache to ${addressText(address)}`;
      throw taskFailure(task, error, { emit, what });
    }
  }
}
