import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { noteMountStubs } from './mount-stubs.ts';

describe('noteMountStubs', () => {
  let root = '';
  const make = (path: string, text = '') => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'berth-stubs-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('takes away what was made to mount on, and sets times back', () => {
    make('etc/passwd');
    utimesSync(join(root, 'etc'), 1000, 1000);
    utimesSync(root, 2000, 2000);
    const clean = noteMountStubs(root, ['/etc/hosts', '/run/secrets/key', '/proc']);
    make('etc/hosts');
    make('run/secrets/key');
    mkdirSync(join(root, 'proc'));
    clean();
    assert.deepEqual(readdirSync(root), ['etc']);
    assert.deepEqual(readdirSync(join(root, 'etc')), ['passwd']);
    assert.equal(statSync(join(root, 'etc')).mtimeMs, 1_000_000);
    assert.equal(statSync(root).mtimeMs, 2_000_000);
  });

  it('keeps what was there before, and what the step filled', () => {
    make('etc/hosts');
    const clean = noteMountStubs(root, ['/etc/hosts', '/etc/resolv.conf', '/cache/a']);
    make('etc/resolv.conf', 'mine');
    make('cache/a');
    make('cache/b');
    clean();
    assert.ok(existsSync(join(root, 'etc/hosts')));
    assert.ok(existsSync(join(root, 'etc/resolv.conf')));
    assert.deepEqual(readdirSync(join(root, 'cache')), ['b']);
  });

  it('follows links inside the root only', () => {
    make('real/keep');
    symlinkSync('/real', join(root, 'etc'));
    symlinkSync('../../../../../../..', join(root, 'up'));
    const clean = noteMountStubs(root, ['/etc/hosts', `/up${root}/outside`]);
    make('real/hosts');
    make('outside');
    clean();
    assert.deepEqual(readdirSync(join(root, 'real')), ['keep']);
    assert.ok(existsSync(join(root, 'outside')), 'a path out of the root is not touched');
  });
});
