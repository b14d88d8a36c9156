import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

describe('beginAnewWhenCompiled', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-begin-'));
  const program = join(folder, 'program.ts');
  before(() =>
    writeFileSync(
      program,
      `import { beginAnewWhenCompiled } from ${JSON.stringify(import.meta.resolve('./begin-compiled.ts'))};
       const text: string = [typeof gc, process.env.BERTH_BEGAN_ANEW, ...process.argv.slice(2)].join();
       console.log('before', text);
       beginAnewWhenCompiled();
       console.log('after', text, process.env.BERTH_BEGAN_ANEW);`,
    ),
  );
  after(() => rmSync(folder, { recursive: true }));
  const run = (cachePath?: string) => {
    const { NODE_COMPILE_CACHE: _, ...env } = process.env;
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--expose-gc', program, 'x'],
      { encoding: 'utf8', env: cachePath ? { ...env, NODE_COMPILE_CACHE: cachePath } : env },
    );
    assert.deepEqual([stderr, status], ['', 0]);
    return stdout.trim().split('\n');
  };

  it('starts over once, with the same arguments and flags', () => {
    const cache = join(folder, 'cache');
    const first = ['before function,,x', 'before function,1,x', 'after function,1,x undefined'];
    assert.deepEqual(run(cache), first);
    assert.deepEqual(run(cache), ['before function,,x', 'after function,,x undefined']);
  });

  it('goes on where nothing is kept', () => {
    assert.deepEqual(run(), ['before function,,x', 'after function,,x undefined']);
  });
});
