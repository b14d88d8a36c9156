import { errorMessage, formatReference } from '../../core/index.ts';
import type { CacheAddress } from '../builder.ts';
import type { BuilderPorts } from '../builder-ports.ts';
import {
  createForeignCache,
  type ForeignCache,
  type ImportedCache,
  importCache,
} from '../cache/transfer/foreign-cache.ts';
import type { Session } from './session.ts';

/** Begins to read the caches a build is to use; one that cannot be read is a warning. */
export function openForeignCache(
  { request, emit, controller }: Session,
  ports: BuilderPorts,
): ForeignCache | undefined {
  const { cacheFrom = [], auth } = request;
  if (cacheFrom.length === 0) return undefined;
  const { signal } = controller;
  const warn = (message: string) => emit({ kind: 'warning', code: 'CacheImport', message });

  async function open(address: CacheAddress): Promise<ImportedCache | undefined> {
    const task = `importing cache manifest from ${addressText(address)}`;
    emit({ kind: 'task-started', task, atMs: Date.now() });
    try {
      const source = await ports.cacheStores.source(address, { auth });
      const imported = await importCache(source, signal);
      emit({ kind: 'task-done', task, atMs: Date.now(), failed: imported === undefined });
      return imported;
    } catch (error) {
      emit({ kind: 'task-done', task, atMs: Date.now(), failed: true });
      warn(`${task}: ${errorMessage(error)}`);
      return undefined;
    }
  }

  return createForeignCache({
    imports: Promise.all(cacheFrom.map(open)).then((all) =>
      all.filter((imported) => imported !== undefined),
    ),
    filesystems: ports.filesystems,
    layers: ports.layers,
    onFetched: (record) => ports.records.put(record),
    onWarning: warn,
    signal,
  });
}

/** A cache's address as a user knows it. */
export function addressText(address: CacheAddress): string {
  switch (address.kind) {
    case 'registry':
      return formatReference(address.reference);
    case 'local':
      return address.path;
    case 'inline':
      return 'the image';
  }
}
