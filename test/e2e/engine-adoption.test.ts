import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostConfig } from '../../src/engine/index.ts';
import { openCgroups } from '../../src/linux/index.ts';
import { endDaemons, shimOf, shimsOf, startDaemon } from './engine-daemon-process.ts';
import {
  createClient,
  type EngineStage,
  openStage,
  removeStage,
  stageFolder,
} from './engine-stage.ts';

describe('a daemon killed while containers run', () => {
  const folder = stageFolder();
  let stage: EngineStage | undefined;
  afterEach(async () => {
    endDaemons();
    await stage?.[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(join(folder, 'run', 'containers')), []);
    assert.deepEqual(readdirSync(join(folder, 'containers')), []);
    assert.deepEqual(shimsOf(folder), []);
    stage = undefined;
  });
  after(() => removeStage(folder));
  const nextDaemon = async () => {
    stage = await openStage(folder);
    return stage;
  };
  const lines = async (id: string) => {
    const log = stage!.engine.streams.logs(id, { stdout: true, stderr: true, follow: false });
    return (await Array.fromAsync(log)).map(({ bytes }) => Buffer.from(bytes).toString().trimEnd());
  };
  const logFile = (id: string) => join(folder, 'containers', id, 'logs', `${id}-json.log`);
  const written = (id: string) =>
    existsSync(logFile(id)) ? readFileSync(logFile(id), 'utf8').split('\n').length - 1 : 0;
  const counting = 'i=0; while :; do i=$((i+1)); echo $i; [ $((i % 50)) = 0 ] && sleep 0.01; done';

  it('finds them running, and their logs without loss or repetition', async () => {
    const daemon = await startDaemon(folder);
    const id = await daemon.startContainer(counting);
    while (written(id) < 500) await sleep(5);
    await daemon.kill();
    const before = written(id);
    await sleep(300);
    assert.ok(written(id) <= before + 1, 'nobody logs meanwhile');

    const { engine, warnings } = await nextDaemon();
    assert.equal(engine.containers.get(id).state.kind, 'running');
    while (written(id) < before + 1000) await sleep(5);
    await engine.containers.stop(id, { timeoutS: 0 });
    const numbers = (await lines(id)).map(Number);
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, index) => index + 1),
    );
    assert.deepEqual(warnings, []);
  });

  it('hears of ends that nobody saw, with their last words', async () => {
    const daemon = await startDaemon(folder);
    const Binds = [`${join(folder, 'gate')}:/gate`];
    const start = (end: string, hostConfig: HostConfig) =>
      daemon.startContainer(`until [ -e /gate/open ]; do sleep 0.01; done; ${end}`, {
        hostConfig: { Binds, ...hostConfig },
      });
    const plain = await start('seq 1 1000; echo "last words" >&2; exit 7', {});
    const removed = await start('exit 1', { AutoRemove: true });
    const restarted = await start('exit 2', { RestartPolicy: { Name: 'always' } });
    await daemon.kill();
    writeFileSync(join(folder, 'gate/open'), '');
    const live = (id: string) => openCgroups().processes(`/berth/${id}`).length > 0;
    while ([plain, removed, restarted].some(live)) await sleep(10);

    const { engine, actions } = await nextDaemon();
    assert.deepEqual(await engine.containers.wait(plain, 'not-running'), { code: 7 });
    const said = await lines(plain);
    assert.equal(said.length, 1001);
    assert.ok(said.includes('last words'));
    assert.deepEqual(actions(plain), ['die']);
    while (engine.containers.list().some(({ id }) => id === removed)) await sleep(10);
    while (engine.containers.get(restarted).restartCount === 0) await sleep(10);
  });

  it('lets them write while it is away, and go on', async () => {
    const daemon = await startDaemon(folder);
    const id = await daemon.startContainer('sleep 0.2; seq 1 500000; echo end >&2; sleep 1000');
    await daemon.kill();
    await sleep(600);
    const { engine } = await nextDaemon();
    for await (const { stream } of engine.streams.logs(id, {
      stdout: true,
      stderr: true,
      follow: true,
    })) {
      if (stream === 'stderr') break;
    }
    const numbers = (await lines(id)).filter((line) => line !== 'end').map(Number);
    assert.equal(numbers.length, 500_000);
    assert.ok(numbers.every((number, index) => number === index + 1));
  });

  it('takes over input, terminals and pauses', async () => {
    const daemon = await startDaemon(folder);
    const shell = await daemon.startContainer('read line; echo "got $line"; cat', {
      config: { OpenStdin: true, Tty: true },
    });
    const paused = await daemon.startContainer('sleep 1000');
    await daemon.ask('pause', paused);
    await daemon.kill();

    const { engine } = await nextDaemon();
    const client = createClient();
    const attached = engine.streams.attach(shell, client.stream, {
      stdin: true,
      stdout: true,
      stderr: true,
      logs: false,
      follow: true,
    });
    client.type('word\r');
    await client.says('got word');
    client.type('\x04');
    await attached;
    assert.deepEqual(await engine.containers.wait(shell, 'not-running'), { code: 0 });
    assert.equal(engine.containers.get(paused).state.kind, 'paused');
    await engine.containers.unpause(paused);
    assert.equal(engine.containers.get(paused).state.kind, 'running');
  });

  it('does not restart what it was stopping', async () => {
    const daemon = await startDaemon(folder);
    const id = await daemon.startContainer(
      'trap "sleep 0.3; exit 0" TERM; while :; do sleep 0.01; done',
      {
        hostConfig: { RestartPolicy: { Name: 'unless-stopped' } },
      },
    );
    void daemon.ask('stop', id).catch(() => {});
    await sleep(50);
    await daemon.kill();
    await sleep(500);
    const { engine } = await nextDaemon();
    assert.deepEqual(await engine.containers.wait(id, 'not-running'), { code: 0 });
    assert.equal(engine.containers.get(id).restartCount, 0);
  });

  it('ends what a lost shim left, there and later', async () => {
    const daemon = await startDaemon(folder);
    const away = await daemon.startContainer('sleep 1000');
    const there = await daemon.startContainer('sleep 1000');
    await daemon.kill();
    process.kill(shimOf(away), 'SIGKILL');

    const { engine, warnings } = await nextDaemon();
    assert.deepEqual(await engine.containers.wait(away, 'not-running'), { code: 255 });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /adopt container/);
    const ended = engine.containers.wait(there, 'not-running');
    process.kill(shimOf(there), 'SIGKILL');
    assert.deepEqual(await ended, { code: 137 });
    for (const id of [away, there]) {
      assert.deepEqual(openCgroups().processes(`/berth/${id}`), []);
      await engine.containers.start(id);
      assert.equal(engine.containers.get(id).state.kind, 'running');
    }
  });

  it('leaves nothing half-done when it dies in the middle of starts and removals', async () => {
    for (const delayMs of [15, 40, 70]) {
      const daemon = await startDaemon(folder);
      const ids = await Promise.all(Array.from({ length: 8 }, () => daemon.create('sleep 1000')));
      for (const id of ids.slice(0, 4)) await daemon.ask('start', id);
      for (const id of ids.slice(0, 4))
        void daemon.ask('remove', id, { force: true }).catch(() => {});
      for (const id of ids.slice(4)) void daemon.ask('start', id).catch(() => {});
      await sleep(delayMs);
      await daemon.kill();

      const { engine } = await nextDaemon();
      const running = engine.containers.list().filter(({ state }) => state.kind === 'running');
      assert.deepEqual(
        readdirSync(join(folder, 'run', 'containers')).sort(),
        running.map(({ id }) => id).sort(),
      );
      // A shim told to go takes its time.
      while (shimsOf(folder).length > running.length) await sleep(5);
      assert.equal(shimsOf(folder).length, running.length);
      for (const id of ids.slice(4)) {
        const container = engine.containers.get(id);
        if (container.state.kind !== 'running') await engine.containers.start(id);
      }
      for (const { id } of engine.containers.list())
        await engine.containers.remove(id, { force: true });
      await stage?.[Symbol.asyncDispose]();
      stage = undefined;
    }
  });

  it('leaves them alone when it ends in good order', async () => {
    const first = await nextDaemon();
    const id = await first.create(counting);
    await first.engine.containers.start(id);
    while (written(id) < 200) await sleep(5);
    await first.leave();
    const second = await nextDaemon();
    assert.equal(second.engine.containers.get(id).state.kind, 'running');
    const count = written(id);
    while (written(id) < count + 200) await sleep(5);
    await second.engine.containers.kill(id);
    const numbers = (await lines(id)).map(Number);
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, index) => index + 1),
    );
  });
});
