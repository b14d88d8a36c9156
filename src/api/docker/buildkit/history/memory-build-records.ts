import type { BuildRecord, BuildRecords } from './build-record.ts';

/** Records that live as long as the process, for tests. */
export function memoryBuildRecords(): BuildRecords {
  const records = new Map<string, { record: BuildRecord; log: Uint8Array }>();
  return {
    put: (record, log) => void records.set(record.ref, { record, log }),
    get: (ref) => records.get(ref)?.record,
    list: () => [...records.values()].map(({ record }) => record),
    log: (ref) => records.get(ref)?.log,
    setPinned(ref, pinned) {
      const found = records.get(ref);
      if (found) records.set(ref, { ...found, record: { ...found.record, pinned } });
      return found !== undefined;
    },
    delete: (ref) => records.delete(ref),
  };
}
