import type { Digest } from '../../core/index.ts';
import type { CacheRecord, CacheRecords, KnownCopy } from './records.ts';

/** Records that last as long as the process: for tests and builders without a disk. */
export function createMemoryRecords(): CacheRecords {
  const records = new Map<Digest, CacheRecord>();
  const aliases = new Map<Digest, Digest>();
  const details = new Map<Digest, string>();
  const notes = new Map<string, string>();
  const copies = new Map<Digest, KnownCopy>();
  return {
    get: (key) => records.get(key),
    put(record, given) {
      records.set(record.key, record);
      for (const [digest, text] of given ?? []) details.set(digest, text);
    },
    touch(key, usedAtMs) {
      const record = records.get(key);
      if (!record) return;
      const latestMs = Math.max(record.usedAtMs, usedAtMs);
      records.set(key, { ...record, usedAtMs: latestMs, uses: record.uses + 1 });
    },
    delete(key) {
      records.delete(key);
      for (const [quick, target] of aliases) if (target === key) aliases.delete(quick);
      for (const [content, copy] of copies) if (copy.key === key) copies.delete(content);
      const named = new Set([...records.values()].flatMap(({ inputs }) => Object.values(inputs)));
      for (const digest of details.keys()) if (!named.has(digest)) details.delete(digest);
    },
    list: () => [...records.values()],
    names: (chain) => [...records.values()].some((record) => record.chain === chain),
    atSite: (site, limit) =>
      [...records.values()]
        .filter((record) => record.site === site)
        .sort((a, b) => b.createdAtMs - a.createdAtMs)
        .slice(0, limit),
    alias: (quick, key) => void aliases.set(quick, key),
    resolveAlias: (quick) => aliases.get(quick),
    detail: (digest) => details.get(digest),
    putCopy: (content, copy) => void copies.set(content, copy),
    copyOf: (content) => copies.get(content),
    putNote: (name, value) => void notes.set(name, value),
    note: (name) => notes.get(name),
    flush: () => {},
    [Symbol.dispose]: () => {},
  };
}
