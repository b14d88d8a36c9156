import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { check, closeFd, cwdFd, mkdirAt, openAt, openDirectory } from '../../linux/index.ts';
import { contextInPlace } from '../threads/job.ts';
import { emptyFolder } from './empty-folder.ts';
import { removeFolder } from './remove-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-remove-'));
after(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);

test('a folder goes with all below it; links are not followed', () => {
  mkdirSync(at('kept'));
  writeFileSync(at('kept/file'), '');
  mkdirSync(at('tree/a/b/c'), { recursive: true });
  mkdirSync(at('tree/a/d/c'), { recursive: true });
  symlinkSync(at('kept'), at('tree/a/link'));
  writeFileSync(at('tree/a/.berth-removed-1'), 'in the way');
  removeFolder({ path: at('tree') });
  assert.equal(existsSync(at('tree')), false);
  assert(existsSync(at('kept/file')));
  removeFolder({ path: at('tree') });
});

test('a tree deeper than a path can say goes too', () => {
  let fd = check(openAt(cwdFd, folder, openDirectory), 'openat');
  for (let depth = 0; depth < 3000; depth++) {
    check(mkdirAt(fd, 'deep', 0o755), 'mkdirat');
    const next = check(openAt(fd, 'deep', openDirectory), 'openat');
    closeFd(fd);
    fd = next;
  }
  closeFd(fd);
  removeFolder({ path: at('deep') });
  assert.equal(existsSync(at('deep')), false);
});

test('a folder that is emptied stays', () => {
  mkdirSync(at('full/of/things'), { recursive: true });
  writeFileSync(at('full/file'), '');
  emptyFolder({ path: at('full') }, contextInPlace());
  assert.equal(existsSync(at('full/of')), false);
  assert(existsSync(at('full')));
});
