import type { CacheUsage } from '../../../build/index.ts';
import { type FieldsOf, selectorFilter } from './selector-filter.ts';

const fields: FieldsOf<CacheUsage> = {
  subject: 'the build cache',
  texts: {
    id: ({ id }) => id,
    parents: ({ parents }) => parents.join(';'),
    type: ({ type }) => type,
    description: ({ description }) => description,
  },
  flags: {
    inuse: ({ inUse }) => inUse,
    shared: ({ shared }) => shared,
    private: ({ shared }) => !shared,
    mutable: isMutable,
    immutable: (usage) => !isMutable(usage),
  },
};

/** Whether builds write to it: a layer never changes. */
export function isMutable({ type }: CacheUsage): boolean {
  return type !== 'regular';
}

/** Which records of the build cache a client means by its filters. Throws `invalid`. */
export function cacheFilter(filters: readonly string[]): (usage: CacheUsage) => boolean {
  return selectorFilter(filters, fields);
}
