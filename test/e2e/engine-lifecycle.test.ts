import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEngineStage } from './engine-probes.ts';

const { folder, stage, containers, stateOf, exitOf, logs, up } = onEngineStage({
  runtimes: { missing: { path: '/no/such/runtime' } },
});

describe('from start to end', () => {
  it('runs a program to its end', async () => {
    const { code, stdout, id } = await stage().run('echo "hello from $HOSTNAME"; exit 3');
    assert.equal(stdout, `hello from ${id.slice(0, 12)}\n`);
    assert.equal(code, 3);
    assert.equal(exitOf(id)?.code, 3);
    assert.equal(await logs(id), `hello from ${id.slice(0, 12)}\r\n`);
    assert.deepEqual(stage().actions(id), ['create', 'attach', 'start', 'die']);
    await containers().remove(id);
    assert.throws(() => containers().get(id), { message: `No such container: ${id}` });
  });

  it('starts again with the same files', async () => {
    const { id } = await stage().run('echo run >> /tmp/runs; wc -l < /tmp/runs');
    await containers().start(id);
    await containers().wait(id, 'not-running');
    assert.equal(await logs(id), '1\r\n2\r\n');
    assert.deepEqual(await containers().changes(id), [
      { kind: 'modified', path: '/tmp' },
      { kind: 'added', path: '/tmp/runs' },
    ]);
  });

  it('runs twenty at once', async () => {
    const runs = Array.from({ length: 20 }, (_, index) => stage().run(`exit ${index}`));
    const ended = await Promise.all(runs);
    assert.deepEqual(
      ended.map(({ code }) => code),
      Array.from({ length: 20 }, (_, index) => index),
    );
  });

  it('removes itself when asked to, and who waits for that hears the code', async () => {
    const id = await stage().create('exit 5', { hostConfig: { AutoRemove: true } });
    const removed = containers().wait(id, 'removed');
    await containers().start(id);
    assert.deepEqual(await removed, { code: 5 });
    assert.throws(() => containers().get(id));
    assert.deepEqual(stage().actions(id), ['create', 'start', 'die', 'destroy']);
  });

  it('answers each way of waiting', async () => {
    const id = await stage().create('read x; exit 4', { config: { OpenStdin: true } });
    assert.deepEqual(await containers().wait(id, 'not-running'), { code: 0 });
    const next = containers().wait(id, 'next-exit');
    await containers().start(id);
    const now = containers().wait(id, 'not-running');
    const aborter = new AbortController();
    const given = containers().wait(id, 'next-exit', aborter.signal);
    aborter.abort();
    await assert.rejects(given, { kind: 'canceled' });
    await containers()
      .kill(id, 'TERM')
      .catch(() => {});
    await containers().kill(id);
    assert.deepEqual([await next, await now], [{ code: 137 }, { code: 137 }]);
    assert.deepEqual(await containers().wait(id, 'not-running'), { code: 137 });
  });
});

describe('ends', () => {
  it('stops by the signal of its choice, and by force when that does nothing', async () => {
    const polite = await up('trap "exit 9" USR1; echo up; while :; do sleep 0.01; done', {
      config: { StopSignal: 'SIGUSR1' },
    });
    assert.deepEqual(await containers().stop(polite), { changed: true });
    assert.equal(exitOf(polite)?.code, 9);
    assert.deepEqual(await containers().stop(polite), { changed: false });
    assert.deepEqual(stage().actions(polite).slice(2), ['kill', 'die', 'stop']);

    const deaf = await up('trap "" TERM; echo up; while :; do sleep 1; done');
    await containers().stop(deaf, { timeoutS: 0 });
    assert.equal(exitOf(deaf)?.code, 137);
  });

  it('is told by signals, and refuses ones nobody knows', async () => {
    const id = await up(
      'trap "echo hup" HUP; trap "exit 7" TERM; echo up; while :; do sleep 0.01; done',
    );
    await containers().kill(id, 'HUP');
    await containers().kill(id, 'SIGTERM');
    await containers().wait(id, 'not-running');
    assert.equal(await logs(id), 'up\nhup\n');
    assert.equal(exitOf(id)?.code, 7);
    await assert.rejects(containers().kill(id, 'NOPE'), { message: 'Invalid signal: NOPE' });
    await assert.rejects(containers().kill(id), {
      kind: 'conflict',
      message: `container ${id} is not running`,
    });
  });

  it('restarts in place, an auto-removed one too', async () => {
    const id = await up('echo up; sleep 1000', { hostConfig: { AutoRemove: true } });
    await containers().restart(id, { timeoutS: 0 });
    assert.equal(stateOf(id).kind, 'running');
    assert.deepEqual(stage().actions(id), [
      'create',
      'start',
      'kill',
      'kill',
      'die',
      'start',
      'restart',
    ]);
    await containers().remove(id, { force: true });
  });

  it('says when the kernel ended it for want of memory', async () => {
    const { id, code } = await stage().run('x=$(head -c 200m /dev/zero | tr "\\0" a)', {
      hostConfig: { Memory: 24 << 20 },
    });
    assert.equal(code, 137);
    assert.equal(exitOf(id)?.oomKilled, true);
    assert.ok(stage().actions(id).includes('oom'));
  });

  it('goes by its policy, waits longer each time, and stops when told', async () => {
    const failing = await stage().create('echo up; exit 1', {
      hostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    });
    await containers().start(failing);
    while (stateOf(failing).kind !== 'exited') await sleep(20);
    assert.equal(containers().get(failing).restartCount, 2);
    assert.equal(await logs(failing), 'up\nup\nup\n');

    const always = await stage().create('exit 0', {
      hostConfig: { RestartPolicy: { Name: 'always' } },
    });
    await containers().start(always);
    while (containers().get(always).restartCount < 2) await sleep(10);
    await containers().stop(always);
    assert.equal(stateOf(always).kind, 'exited');
    const count = containers().get(always).restartCount;
    await sleep(500);
    assert.deepEqual(
      [stateOf(always).kind, containers().get(always).restartCount],
      ['exited', count],
    );
  });
});

describe('what cannot start', () => {
  for (const [what, config, code, message] of [
    [
      'a program that is not there',
      { Cmd: ['nothere'] },
      127,
      /^failed to create task for container: failed to create shim task: OCI runtime create failed: .*exec: "nothere": executable file not found in \$PATH: unknown$/,
    ],
    [
      'a file that is no program',
      { Cmd: ['/etc/passwd'] },
      126,
      /exec: "\/etc\/passwd": permission denied: unknown$/,
    ],
    ['a folder', { Cmd: ['/etc'] }, 126, /permission denied/],
    [
      'a user nobody knows',
      { User: 'ghost' },
      128,
      /^unable to find user ghost: no matching entries in passwd file$/,
    ],
  ] as const) {
    it(`tells of ${what}`, async () => {
      const id = await stage().create('true', { config: config as object });
      await assert.rejects(containers().start(id), { kind: 'invalid', message });
      const state = stateOf(id);
      assert.ok(state.kind === 'created' && state.failure?.code === code);
      assert.deepEqual(stage().actions(id), ['create']);
      assert.ok(!existsSync(join(folder, 'run/containers', id)));
      await containers().remove(id);
    });
  }

  it('tells of a runtime and a shim that are not installed', async () => {
    const id = await stage().create('true', { hostConfig: { Runtime: 'missing' } });
    await assert.rejects(
      containers().start(id),
      /OCI runtime create failed: .*\/no\/such\/runtime: no such file or directory: unknown$/,
    );
    const other = await stage().create('true', {
      hostConfig: { Runtime: 'io.containerd.nope.v1' },
    });
    await assert.rejects(
      containers().start(other),
      /"containerd-shim-nope-v1": file does not exist: unknown$/,
    );
    await assert.rejects(stage().create('true', { hostConfig: { Runtime: 'zzz' } }), {
      message: 'unknown or invalid runtime name: zzz',
    });
  });

  it('mounts no folder on a file', async () => {
    const id = await stage().create('true', { hostConfig: { Binds: ['/tmp:/etc/passwd'] } });
    await assert.rejects(containers().start(id), /Are you trying to mount a directory onto a file/);
  });

  it('frees everything, so that the next start works', async () => {
    const id = await stage().create('/tool', { config: { Entrypoint: ['/tool'], Cmd: ['true'] } });
    await assert.rejects(containers().start(id));
    await stage().engine.files.write(
      id,
      '/',
      (await stage().engine.files.read(id, '/bin/busybox')).archive,
      { noOverwriteDirNonDir: false, copyUidGid: false },
    );
    const ended = containers().wait(id, 'next-exit');
    await containers().rename(id, 'second-try');
    await assert.rejects(containers().start('second-try'), /exec: "\/tool"/);
    await containers().remove('second-try');
    void ended.catch(() => {});
  });
});
