import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { digestOf } from '../../core/index.ts';
import { type Database, openDatabase } from '../database.ts';
import { chainIdOf, LayerRecords } from './layer-records.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-layers-'));
after(() => rmSync(folder, { recursive: true }));
let count = 0;

function opened(): { database: Database; again: (bootId?: string) => LayerRecords } {
  const database = openDatabase(join(folder, `${++count}.db`));
  return { database, again: (bootId = 'boot') => new LayerRecords(database, bootId) };
}

const layer = (number: number, text = `layer ${number}`) => ({
  number,
  diffId: digestOf(text),
  sizeBytes: number * 10,
  isOpaque: false,
  isBuilt: number % 2 === 0,
  withRoot: false,
  ...(number === 3 && { epochS: 7 }),
});

test('chain ids are those of the image specification', () => {
  const [one, two] = [digestOf('one'), digestOf('two')];
  assert.equal(chainIdOf(null, one), one);
  assert.equal(chainIdOf(one, two), digestOf(`${one} ${two}`));
});

test('what was recorded is there after a restart', () => {
  using database = opened().database;
  const records = new LayerRecords(database, 'boot');
  const low = records.add(layer(1), null);
  const top = records.add(layer(3), low.chain);
  records.addSnapshot('c', top.chain);
  records.addSnapshot('build', top.chain, true);
  const blob = { digest: digestOf('blob'), compression: 'gzip', sizeBytes: 5 } as const;
  records.addBlob(layer(3).diffId, blob);
  const again = new LayerRecords(database, 'boot');
  assert.deepEqual(again.get(top.chain), top);
  assert.equal(again.get(top.chain)?.parent?.chain, low.chain);
  assert.equal(again.get(top.chain)?.depth, 2);
  assert.deepEqual([...again.snapshots()], [['c', top.chain]]);
  assert.deepEqual(again.blobsOf(layer(3).diffId), [blob]);
  assert.equal(again.diffIdOf(blob.digest), layer(3).diffId);
  assert.equal(again.isBlobOfLayer(blob.digest), true);
  assert.equal(again.lastNumber(), 3);
  assert.deepEqual(again.unsynced(), [1, 3]);
  again.markSynced([1, 3]);
  assert.deepEqual(new LayerRecords(database, 'boot').unsynced(), []);
});

test('a layer on two stacks goes with the second', () => {
  using database = opened().database;
  const records = new LayerRecords(database, 'boot');
  const [a, b] = [records.add(layer(1), null), records.add(layer(2), null)];
  const top = records.add(layer(3), a.chain);
  const moved = records.share(top.layer, b.chain);
  assert.equal(records.share(top.layer, b.chain), moved);
  assert.equal(records.isInUse(a.chain), true);
  assert.equal(records.remove(top.chain), undefined);
  assert.equal(records.hasDiffId(top.layer.diffId), true);
  assert.equal(records.isInUse(a.chain), false);
  records.addSnapshot('c', moved.chain);
  assert.equal(records.isInUse(moved.chain), true);
  records.removeSnapshot('c');
  assert.equal(records.isInUse(moved.chain), false);
  assert.equal(records.remove(moved.chain), top.layer);
  assert.equal(records.hasDiffId(top.layer.diffId), false);
  assert.deepEqual(
    [...new LayerRecords(database, 'boot').chains()].map(({ chain }) => chain),
    [a.chain, b.chain],
  );
});

test('after another boot, unsynced layers are dropped with all on them', () => {
  using database = opened().database;
  const records = new LayerRecords(database, 'first');
  const safe = records.add(layer(1), null);
  records.markSynced([1]);
  const lost = records.add(layer(2), safe.chain);
  const onTop = records.add(layer(3), lost.chain);
  records.markSynced([3]);
  const shared = records.share(onTop.layer, safe.chain);
  records.addSnapshot('gone', onTop.chain);
  records.addSnapshot('stays', shared.chain);
  const again = new LayerRecords(database, 'second');
  assert.deepEqual(
    new Set([...again.chains()].map(({ chain }) => chain)),
    new Set([safe.chain, shared.chain]),
  );
  assert.deepEqual([...again.snapshots().keys()], ['stays']);
  assert.equal(again.hasLayer(2), false);
  assert.equal(again.hasLayer(3), true);
});

test('an unknown stack is not found', () => {
  using database = opened().database;
  const records = new LayerRecords(database, 'boot');
  assert.equal(records.get(digestOf('none')), undefined);
  assert.throws(() => records.require(digestOf('none')), { kind: 'not-found' });
  assert.throws(() => records.add(layer(1), digestOf('none')));
});
