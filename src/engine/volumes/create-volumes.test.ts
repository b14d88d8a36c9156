import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openDatabase } from '../../store/index.ts';
import { createVolumes } from './create-volumes.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-volumes-'));
after(() => rmSync(folder, { recursive: true }));

function open(name: string) {
  const rootPath = join(folder, name, 'volumes');
  return createVolumes({ rootPath, database: openDatabase(join(folder, name, 'db')) });
}

test('a volume is made once, listed, found and removed with what is in it', async () => {
  const volumes = open('life');
  await volumes.adopt([]);
  const volume = await volumes.create({ name: 'data', labels: { a: 'b' } });
  writeFileSync(join(volume.mountpoint, 'file'), 'x');
  assert.deepEqual(await volumes.create({ name: 'data' }), volume);
  assert.deepEqual(open('life').list(), [volume]);
  assert.equal((await volumes.usage('data')).references, 0);
  await volumes.remove('data');
  assert.throws(() => volumes.get('data'), {
    kind: 'not-found',
    message: 'get data: no such volume',
  });
  assert.deepEqual(readdirSync(join(folder, 'life/volumes')), []);
  await assert.rejects(volumes.remove('data'), /get data: no such volume/);
  await volumes.remove('data', { force: true });
});

test('a volume in use stays; anonymous ones are told when their last container goes', async () => {
  const volumes = open('use');
  await volumes.create({ name: 'named' });
  const { name } = await volumes.create({ anonymous: true });
  for (const id of ['c1', 'c2']) for (const used of ['named', name]) volumes.acquire(used, id);
  await assert.rejects(volumes.remove('named'), {
    kind: 'conflict',
    message: 'remove named: volume is in use - [c1, c2]',
  });
  assert.deepEqual(volumes.release('c1'), []);
  assert.deepEqual(volumes.release('c2'), [name]);
  await volumes.remove('named');
});

test('a folder that is missing is made again; what was being removed goes at the next start', async () => {
  const volumes = open('crash');
  const { mountpoint } = await volumes.create({ name: 'gone' });
  rmSync(mountpoint, { recursive: true });
  assert.equal(await volumes.mount('gone', 'c1'), mountpoint);
  assert.equal(existsSync(mountpoint), true);
});

for (const [request, message] of [
  [{ name: 'a' }, /volume name is too short/],
  [{ name: '../x' }, /includes invalid characters for a local volume name/],
  [{ name: 'a/b' }, /includes invalid characters/],
  [{ name: 'ab', driver: 'nope' }, /plugin "nope" not found/],
  [{ name: 'ab', options: { x: 'y' } }, /invalid option: "x"/],
  [{ name: 'ab', options: { o: 'uid=1' } }, /missing device/],
  [{ name: 'ab', options: { size: '1g' } }, /no quota support/],
] as const) {
  test(`refused: ${JSON.stringify(request)}`, async () => {
    const volumes = open('refused');
    await assert.rejects(volumes.create(request), message);
    assert.deepEqual(volumes.list(), []);
  });
}
