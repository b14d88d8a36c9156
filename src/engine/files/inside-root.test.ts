import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeFifo } from '../../linux/index.ts';
import { readInsideRoot } from './inside-root.ts';

describe('readInsideRoot', () => {
  const base = mkdtempSync(join(tmpdir(), 'berth-inside-'));
  const root = join(base, 'root');
  const read = (path: string) => readInsideRoot(root, path, 100)?.toString();
  before(() => {
    mkdirSync(join(root, 'etc'), { recursive: true });
    writeFileSync(join(root, 'etc/passwd'), 'inside');
    writeFileSync(join(base, 'secret'), 'outside');
    writeFileSync(join(root, 'etc/huge'), Buffer.alloc(101));
    symlinkSync('/etc/passwd', join(root, 'etc/absolute'));
    symlinkSync('../../../../secret', join(root, 'etc/upward'));
    symlinkSync(join(base, 'secret'), join(root, 'etc/full'));
    symlinkSync('loop', join(root, 'etc/loop'));
    symlinkSync('/proc/self/root/etc/passwd', join(root, 'etc/magic'));
    makeFifo(join(root, 'etc/pipe'));
  });
  after(() => rmSync(base, { recursive: true }));

  for (const [path, expected] of [
    ['/etc/passwd', 'inside'],
    ['/etc/absolute', 'inside'], // an absolute link starts at the container's root
    ['/../etc/passwd', 'inside'],
    ['/etc/upward', undefined],
    ['/etc/full', undefined],
    ['/etc/loop', undefined],
    ['/etc/magic', undefined],
    ['/etc/pipe', undefined], // and the read does not wait for a writer
    ['/etc', undefined],
    ['/etc/passwd/x', undefined],
    ['/none', undefined],
  ] as const) {
    it(`reads ${path} as ${expected}`, () => assert.equal(read(path), expected));
  }

  it('refuses a file over the limit', () => {
    assert.throws(() => read('/etc/huge'), { kind: 'invalid' });
  });
});
