import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createRuntimes, type RuntimeConfig } from './runtimes.ts';
import { runcOptions } from './task-messages.ts';

const runPath = mkdtempSync(join(tmpdir(), 'berth-runtimes-'));
after(() => rmSync(runPath, { recursive: true }));

describe('createRuntimes', () => {
  it('knows runc without being told', () => {
    const runtime = createRuntimes({ runPath }).get();
    assert.equal(runtime.shimBinary, 'containerd-shim-runc-v2');
    const options = runcOptions.decode(runtime.options.value);
    assert.deepEqual([options.binary_name, options.root], ['runc', join(runPath, 'runtime-runc')]);
  });

  it('runs an OCI runtime with arguments through a script that keeps them apart', () => {
    const runtimes = createRuntimes({
      runPath,
      configured: { echo: { path: '/bin/echo', runtimeArgs: ['a b', "it's"] } },
    });
    const { ociBinary } = runtimes.get('echo');
    assert.equal(execFileSync(ociBinary!, ['x y']).toString(), "a b it's x y\n");
  });

  it('finds a shim by the name of its type', () => {
    const runtimes = createRuntimes({
      runPath,
      configured: { vm: { runtimeType: 'io.containerd.kata.v2' } },
    });
    assert.equal(runtimes.get('vm').shimBinary, 'containerd-shim-kata-v2');
    assert.equal(runtimes.get('io.containerd.runsc.v1').shimBinary, 'containerd-shim-runsc-v1');
  });

  for (const name of ['nope', '/bin/sh', '../x.y', '.hidden.v2', 'a/b.c']) {
    it(`refuses ${name}`, () => {
      assert.throws(() => createRuntimes({ runPath }).get(name), {
        kind: 'invalid',
        message: `unknown or invalid runtime name: ${name}`,
      });
    });
  }

  for (const [what, config] of [
    ['neither', {}],
    ['both', { path: 'a', runtimeType: 'b.c.v1' }],
    ['options with path', { path: 'a', options: { BinaryName: 'x' } }],
    ['args with type', { runtimeType: 'io.x.v1', runtimeArgs: ['y'] }],
  ] satisfies [string, RuntimeConfig][]) {
    it(`refuses a configuration with ${what}`, () => {
      assert.throws(() => createRuntimes({ runPath, configured: { r: config } }), {
        kind: 'invalid',
      });
    });
  }

  it('refuses a default nobody configured', () => {
    assert.throws(() => createRuntimes({ runPath, defaultName: 'nope' }), { kind: 'invalid' });
  });
});
