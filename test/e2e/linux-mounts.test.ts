import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  bindMount,
  createOverlays,
  cwdFd,
  getXattr,
  listXattrs,
  mknodAt,
  mountsBelow,
  removeXattr,
  setXattr,
  unmount,
} from '../../src/linux/index.ts';

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-mounts-'));
});
afterEach(async () => {
  for (const { path } of await mountsBelow(folder)) await unmount(path);
});
after(() => rmSync(folder, { recursive: true }));

function layers(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const path = at(name, String(index));
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'which'), String(index));
    writeFileSync(join(path, `only-${index}`), '');
    return path;
  });
}

for (const way of ['descriptors', 'string'] as const) {
  describe(`overlays by ${way}`, () => {
    const overlays = createOverlays(way);
    const target = () => {
      mkdirSync(at('target'), { recursive: true });
      return at('target');
    };

    test('the topmost layer wins, and changes land in upper', async () => {
      const [upper, work] = [at(way, 'upper'), at(way, 'work')];
      mkdirSync(upper, { recursive: true });
      mkdirSync(work);
      const lowers = layers(way, 3);
      const root = target();
      await overlays.mount({ lowers, upper: { path: upper, workPath: work }, target: root });
      assert.equal(readFileSync(join(root, 'which'), 'utf8'), '0');
      assert(existsSync(join(root, 'only-2')));
      rmSync(join(root, 'only-2'));
      writeFileSync(join(root, 'new'), 'x');
      assert.equal(await unmount(root), true);
      assert.equal(statSync(join(upper, 'only-2')).isCharacterDevice(), true);
      assert.equal(readFileSync(join(upper, 'new'), 'utf8'), 'x');
    });

    test('without upper it is read-only', async () => {
      const root = target();
      await overlays.mount({ lowers: layers(`${way}-ro`, 2), target: root });
      assert.throws(() => writeFileSync(join(root, 'x'), ''), { code: 'EROFS' });
    });

    test('a layer that is not there is named', async () => {
      const lowers = [...layers(`${way}-missing`, 1), at('nowhere')];
      await assert.rejects(overlays.mount({ lowers, target: target() }), { code: 'ENOENT' });
      assert.deepEqual(await mountsBelow(folder), []);
    });

    test('it takes as many layers as it says', async () => {
      const lowers = layers(
        `${way}-m`,
        overlays.layerLimit(Buffer.byteLength(at(`${way}-m`, '100'))),
      );
      assert(lowers.length > 20, `${lowers.length}`);
      await overlays.mount({ lowers, target: target() });
      assert(existsSync(join(target(), `only-${lowers.length - 1}`)));
    });
  });
}

test('a path longer than a mount parameter is mounted all the same', async () => {
  const long = join('n'.repeat(150), 'm'.repeat(150));
  const lowers = layers(long, 2);
  mkdirSync(at('long'));
  await createOverlays().mount({ lowers, target: at('long') });
  assert.equal(readFileSync(at('long/which'), 'utf8'), '0');
});

test('a bind is read-only from the first moment, with the mounts below it', async () => {
  const lowers = layers('bound', 2);
  mkdirSync(at('source/inner'), { recursive: true });
  mkdirSync(at('bind'));
  await createOverlays().mount({ lowers, target: at('source/inner') });
  bindMount(at('source'), at('bind'), { recursive: true, readOnly: true });
  assert(existsSync(at('bind/inner/which')));
  assert.throws(() => writeFileSync(at('bind/x'), ''), { code: 'EROFS' });
  writeFileSync(at('source/x'), '');
  const table = await mountsBelow(at('bind'));
  assert.deepEqual(
    table.map(({ path, propagation }) => [path, propagation]),
    [
      [at('bind/inner'), []],
      [at('bind'), []],
    ],
  );
});

test('unmount is idempotent, refuses what is in use, and lets go lazily', async () => {
  mkdirSync(at('busy'), { recursive: true });
  await createOverlays().mount({ lowers: layers('busy-l', 2), target: at('busy') });
  const before = process.cwd();
  process.chdir(at('busy'));
  await assert.rejects(unmount(at('busy')), { code: 'EBUSY' });
  assert.equal(await unmount(at('busy'), { lazy: true }), true);
  process.chdir(before);
  assert.equal(await unmount(at('busy')), false);
  assert.equal(await unmount(at('not-there')), false);
});

test('extended attributes of the path itself, in every namespace root has', () => {
  writeFileSync(at('file'), '');
  setXattr(at('file'), 'user.note', Buffer.from('hello'));
  setXattr(at('file'), 'trusted.overlay.opaque', Buffer.from('y'));
  assert.deepEqual(listXattrs(at('file')), ['trusted.overlay.opaque', 'user.note']);
  assert.equal(getXattr(at('file'), 'user.note')?.toString(), 'hello');
  assert.equal(getXattr(at('file'), 'user.none'), undefined);
  assert.equal(removeXattr(at('file'), 'user.note'), true);
  assert.equal(removeXattr(at('file'), 'user.note'), false);
});

test('device nodes carry their numbers', () => {
  assert.equal(mknodAt(cwdFd, at('null'), 0o020666, 1, 3), 0);
  assert.equal(statSync(at('null')).rdev, 0x103);
  assert.equal(mknodAt(cwdFd, at('fifo'), 0o010600), 0);
  assert(statSync(at('fifo')).isFIFO());
});
