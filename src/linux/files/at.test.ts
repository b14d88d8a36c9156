import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants as os, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { check } from '../libc.ts';
import {
  closeFd,
  deviceNumber,
  linkAt,
  mkdirAt,
  openAt,
  openBeneath,
  openDirectory,
  openInRoot,
  readlinkAt,
  renameAt,
  symlinkAt,
  unlinkAt,
  utimesAt,
  writeFully,
} from './at.ts';
import { listDirectory } from './list.ts';
import { isSymlink, statAt } from './stat.ts';
import { copyContent } from './transfer.ts';

const { ENOENT, EEXIST, ELOOP, EXDEV } = os.errno;

describe('files by descriptor', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-at-'));
  let root: number;
  before(() => {
    mkdirSync(join(folder, 'root/usr/lib'), { recursive: true });
    writeFileSync(join(folder, 'secret'), 'outside');
    writeFileSync(join(folder, 'root/secret'), 'inside');
    symlinkSync('/usr/lib', join(folder, 'root/lib'));
    symlinkSync('../../../secret', join(folder, 'root/usr/up'));
    symlinkSync('/proc/self/root', join(folder, 'root/magic'));
    root = openSync(join(folder, 'root'), openDirectory);
  });
  after(() => {
    closeSync(root);
    rmSync(folder, { recursive: true });
  });

  const readIn = (path: string) => {
    const fd = check(openInRoot(root, path, constants.O_RDONLY), 'openat2', path);
    const text = readFileSync(fd, 'utf8');
    closeFd(fd);
    return text;
  };

  test('a path of a root never leaves it, however it is written', () => {
    for (const path of ['secret', '/secret', '../../secret', 'usr/up', 'lib/../../../secret']) {
      assert.equal(readIn(path), 'inside', path);
    }
  });

  test('a path without symlinks refuses them and the way up', () => {
    assert.equal(openBeneath(root, 'lib', openDirectory), -ELOOP);
    assert.equal(openBeneath(root, 'usr/../../secret', constants.O_RDONLY), -EXDEV);
    closeFd(check(openBeneath(root, 'usr/lib', openDirectory), 'openat2'));
  });

  test('a failure is minus its errno, and check names call and path', () => {
    assert.equal(openAt(root, 'absent', constants.O_RDONLY), -ENOENT);
    assert.equal(mkdirAt(root, 'usr', 0o755), -EEXIST);
    assert.throws(() => check(-ENOENT, 'openat', 'absent'), {
      code: 'ENOENT',
      syscall: 'openat',
      message: "ENOENT: openat 'absent'",
    });
  });

  test('links, times and names are set on the symlink itself', () => {
    check(symlinkAt('/nowhere', root, 's'), 'symlinkat');
    check(linkAt(root, 's', root, 's2'), 'linkat');
    check(utimesAt(root, 's2', -1_500_000_000n), 'utimensat');
    const stat = statAt(root, 's2');
    assert(typeof stat === 'object' && isSymlink(stat));
    assert.deepEqual([stat.links, stat.mtimeNs], [2, -1_500_000_000n]);
    assert.equal(readlinkAt(root, 's2'), '/nowhere');
    const [from, to] = [
      { fd: root, name: 's2' },
      { fd: root, name: 's' },
    ];
    assert.equal(renameAt(from, to, 'noReplace'), -EEXIST);
    check(unlinkAt(root, 's2'), 'unlinkat');
    check(unlinkAt(root, 's'), 'unlinkat');
  });

  test('content is copied whole, small and large', () => {
    for (const sizeBytes of [0, 1, 70_000, 3_000_001]) {
      const bytes = Buffer.alloc(sizeBytes, 'abc');
      writeFileSync(join(folder, 'from'), bytes);
      const from = openSync(join(folder, 'from'), 'r');
      const to = openSync(join(folder, 'to'), 'w');
      assert.equal(copyContent({ fd: from, sizeBytes }, to, { pair: 'test' }), sizeBytes);
      check(writeFully(to, Buffer.from('end')), 'write');
      closeSync(from);
      closeSync(to);
      assert(readFileSync(join(folder, 'to')).equals(Buffer.concat([bytes, Buffer.from('end')])));
    }
  });

  test('names that are no UTF-8 keep their bytes', () => {
    const names = ['\udcff-latin', 'ä', 'plain'];
    check(mkdirAt(root, 'names', 0o755), 'mkdirat');
    const fd = check(openAt(root, 'names', openDirectory), 'openat');
    for (const name of names) check(symlinkAt(name, fd, name), 'symlinkat');
    assert.deepEqual(listDirectory(fd), ['plain', 'ä', '\udcff-latin']);
    for (const name of names) {
      assert.equal(readlinkAt(fd, name), name);
      assert.equal(typeof statAt(fd, name), 'object');
    }
    closeFd(fd);
    assert.equal(readlinkSync(Buffer.from(`${folder}/root/names/\xff-latin`, 'latin1')).length, 7);
  });

  test('device numbers are those of the C library', () => {
    assert.equal(deviceNumber(1, 3), 0x103n);
    assert.equal(deviceNumber(0x12345, 0x6789ab), 0x12006789345abn);
  });

  test('stat tells what lstat tells', () => {
    const stat = statAt(root, 'secret');
    const want = lstatSync(join(folder, 'root/secret'), { bigint: true });
    assert(typeof stat === 'object');
    assert.deepEqual(
      [BigInt(stat.sizeBytes), BigInt(stat.mode), stat.mtimeNs, stat.inode],
      [want.size, want.mode, want.mtimeNs, want.ino],
    );
  });
});
