import type { Digest } from '../../core/index.ts';
import type { BuildRequest } from '../builder.ts';
import type { BuilderPorts } from '../builder-ports.ts';
import type { TravellingRecord } from '../cache/transfer/cache-document.ts';
import { exportCache } from '../cache/transfer/export-cache.ts';
import { addressText } from '../session/open-foreign-cache.ts';
import type { Session, SolvedBuild } from '../session/session.ts';

/** The records of a build for travelling: all of them, or those of the image's own layers. */
export function travellingRecords(
  { resolved, target }: SolvedBuild,
  mode: 'min' | 'max',
): TravellingRecord[] {
  const own = new Set([...target.layers.values()].map(({ chain }) => chain));
  const byKey = new Map<Digest, TravellingRecord>();
  for (const { record, quick } of resolved) {
    if (mode === 'min' && !own.has(record.chain)) continue;
    const { key, chain, identity, sizeBytes, description, site, parentKey, inputs, createdAtMs } =
      record;
    byKey.set(key, {
      ...{ key, chain, identity, sizeBytes, description, site, parentKey, inputs, createdAtMs },
      quick: quick ? [quick] : [],
    });
  }
  return [...byKey.values()];
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
    const { manifestDigest } = await exportCache(
      { records: travellingRecords(solved, mode), bases },
      {
        sink: await cacheStores.sink(address, { auth: request.auth }),
        tag: (address.kind === 'registry' && address.reference.tag) || 'latest',
        filesystems: solved.filesystems,
        layers,
        onProgress: (current, total) => emit({ kind: 'task-progress', task, current, total }),
        signal: controller.signal,
      },
    );
    emit({ kind: 'task-done', task, atMs: Date.now(), detail: manifestDigest });
  }
}
