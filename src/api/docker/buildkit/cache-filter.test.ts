import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CacheUsage } from '../../../build/index.ts';
import { cacheFilter } from './cache-filter.ts';

const usage = (id: string, extra: Partial<CacheUsage> = {}): CacheUsage => ({
  ...{ id, parents: [], type: 'regular', description: `RUN ${id}`, inUse: false, shared: false },
  ...{ sizeBytes: 1, createdAtMs: 0, uses: 1, ...extra },
});
const all = [
  usage('abc', { shared: true }),
  usage('abd', { parents: ['abc'], inUse: true, description: 'COPY "a", b' }),
  usage('xyz', { type: 'source.local' }),
];

describe('filters of the build cache', () => {
  for (const [filters, expected] of [
    [[], 'abc abd xyz'],
    [[''], 'abc abd xyz'],
    [['id==abc'], 'abc'],
    // As buildx has it for an id.
    [['id~=ab'], 'abc abd'],
    [['id~=^ab.$,shared'], 'abc'],
    [['type==regular', 'id==xyz'], 'abc abd xyz'],
    [['type!=regular'], 'xyz'],
    [['mutable'], 'xyz'],
    [['immutable,inuse'], 'abd'],
    [['inuse==true'], 'abd'],
    [['inuse==false'], 'abc xyz'],
    [['inuse!=true'], 'abc xyz'],
    [['private'], 'abd xyz'],
    [['parents'], 'abd'],
    [['parents==abc'], 'abd'],
    [['description=="COPY \\"a\\", b"'], 'abd'],
    [['id==no'], ''],
  ] as const) {
    test(filters.join(' or ') || 'none', () => {
      const found = all.filter(cacheFilter(filters)).map(({ id }) => id);
      assert.equal(found.join(' '), expected);
    });
  }

  for (const filter of ['type===x', 'usage-count>==1', 'id~=(', '=x', 'id==a b"', 'size==1', ',']) {
    test(`${filter} is refused`, () => {
      assert.throws(() => cacheFilter([filter]), { kind: 'invalid', message: /parse error/ });
    });
  }
});
