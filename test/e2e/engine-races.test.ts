import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEngineStage } from './engine-probes.ts';

const shim = join(tmpdir(), 'ends-at-once/containerd-shim-runc-v2');
mkdirSync(join(shim, '..'), { recursive: true });
writeFileSync(shim, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
const { stage, containers, stateOf, up } = onEngineStage({
  runtimes: { gone: { runtimeType: shim } },
});
const deaf = 'trap "" TERM; echo up; while :; do sleep 0.1; done';

describe('verbs at once', () => {
  it('a removal by force does not wait for a stop', async () => {
    const id = await up(deaf);
    const stopped = containers().stop(id, { timeoutS: 600 });
    await sleep(50);
    await containers().remove(id, { force: true });
    await stopped;
    assert.throws(() => containers().get(id), { kind: 'not-found' });
    assert.deepEqual(stage().actions(id).slice(2), ['kill', 'kill', 'die', 'stop', 'destroy']);
  });

  it('who waits for a container hears of a restart that was called off', async () => {
    for (const verb of ['stop', 'kill'] as const) {
      const id = await stage().create('exit 4', {
        hostConfig: { RestartPolicy: { Name: 'always' } },
      });
      await containers().start(id);
      while (containers().get(id).restartCount < 3 || stateOf(id).kind !== 'restarting') {
        await sleep(5);
      }
      const waiting = containers().wait(id, 'not-running');
      await containers()[verb](id);
      assert.deepEqual(await waiting, { code: 4 });
    }
  });

  it('a shim that ends at once is told of, and leaves no process', async () => {
    const id = await stage().create('true', { hostConfig: { Runtime: 'gone' } });
    // Its socket is there before it, so the first call may get through and be cut off.
    const told = /failed to (?:start shim|create shim task): .*: unknown$/;
    await assert.rejects(containers().start(id), told);
    while (zombies().length > 0) await sleep(10);
    assert.equal(stateOf(id).kind, 'created');
  });
});

/** Children of this process that ended and that nobody took leave of. */
function zombies(): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [state, parent] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return state === 'Z' && Number(parent) === process.pid;
    } catch {
      return false;
    }
  });
}
