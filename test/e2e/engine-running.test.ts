import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEngineStage } from './engine-probes.ts';

const { folder, stage, containers, exitOf, up } = onEngineStage();

describe('running', () => {
  it('pauses and goes on', async () => {
    const id = await up('echo up; while :; do echo tick; sleep 0.01; done');
    await containers().pause(id);
    const size = () => statSync(containers().get(id).logPath).size;
    await sleep(100);
    const before = size();
    await sleep(200);
    assert.equal(size(), before);
    await assert.rejects(containers().pause(id), {
      message: `Container ${id} is already paused`,
    });
    await assert.rejects(containers().start(id), /cannot start a paused container/);
    await assert.rejects(containers().remove(id), /container is paused and must be unpaused first/);
    await containers().unpause(id);
    while (size() === before) await sleep(10);
    await containers().pause(id);
    await containers().stop(id, { timeoutS: 0 });
    assert.equal(exitOf(id)?.code, 137);
    await assert.rejects(containers().unpause(id), { message: `Container ${id} is not paused` });
  });

  it('refuses to be removed, but not by force', async () => {
    const id = await up('echo up; sleep 1000');
    await assert.rejects(containers().remove(id), {
      kind: 'conflict',
      message: `cannot remove container "${id}": container is running: stop the container before removing or force remove`,
    });
    await containers().remove(id, { force: true });
    assert.deepEqual(stage().actions(id), ['create', 'start', 'kill', 'die', 'destroy']);
  });

  it('shows its processes and counters', async () => {
    const id = await up('echo up; sleep 1000', {
      hostConfig: { Memory: 64 << 20, PidsLimit: 50 },
    });
    const { titles, processes } = await containers().top(id, '');
    assert.equal(titles[1], 'PID');
    assert.ok(processes.some((words) => words.at(-1)?.includes('sleep 1000')));
    const stats = await containers().stats(id);
    assert.equal(stats.memory.limitBytes, 64 << 20);
    assert.equal(stats.pidsLimit, 50);
    assert.ok(stats.pids >= 1 && stats.cpu.totalNs > 0 && stats.cpu.hostTotalNs > 0);
    await containers().update(id, { Memory: 32 << 20, MemorySwap: 64 << 20 });
    assert.equal((await containers().stats(id)).memory.limitBytes, 32 << 20);
    await containers().remove(id, { force: true });
  });

  it('is watched over', async () => {
    const id = await up('echo up; sleep 1000', {
      config: {
        Healthcheck: {
          Test: ['CMD-SHELL', 'echo probed; test -e /tmp/well'],
          Interval: 5e7,
          Retries: 2,
        },
      },
    });
    const health = () => containers().get(id).health;
    assert.equal(health()?.status, 'starting');
    while (health()?.status !== 'unhealthy') await sleep(10);
    assert.match(health()?.log.at(-1)?.output ?? '', /^probed\n$/);
    const { id: exec } = await stage().engine.streams.createExec(id, {
      Cmd: ['touch', '/tmp/well'],
    });
    await stage().engine.streams.startExec(exec, undefined, { tty: false });
    while (health()?.status !== 'healthy') await sleep(10);
    const told = stage()
      .actions(id)
      .filter((action) => action.startsWith('health_status'));
    assert.deepEqual(told, ['health_status: unhealthy', 'health_status: healthy']);
    await containers().remove(id, { force: true });
  });

  it('gives and takes files', async () => {
    const id = await up('echo up; sleep 1000');
    mkdirSync(join(folder, 'x'), { recursive: true });
    writeFileSync(join(folder, 'x/y'), '');
    const { stat } = await stage().engine.files.read(id, '/etc/passwd');
    assert.equal(stat.name, 'passwd');
    await containers().remove(id, { force: true });
  });
});
