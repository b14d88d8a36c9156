import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EngineStage, openStage, removeStage, stageFolder } from './engine-stage.ts';

describe('containers with the real runtime', () => {
  const folder = stageFolder();
  let stage: EngineStage;
  before(async () => {
    stage = await openStage(folder, { runtimes: { missing: { path: '/no/such/runtime' } } });
  });
  after(async () => {
    await stage[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(join(folder, 'run', 'containers')), []);
    assert.deepEqual(readdirSync(join(folder, 'containers')), []);
    assert.deepEqual(stage.warnings, []);
    await removeStage(folder);
  });
  const containers = () => stage.engine.containers;
  const stateOf = (id: string) => containers().get(id).state;
  const exitOf = (id: string) => {
    const state = stateOf(id);
    assert.equal(state.kind, 'exited');
    return state.kind === 'exited' ? state.exit : undefined;
  };
  const logs = async (id: string) => {
    const lines = stage.engine.streams.logs(id, { stdout: true, stderr: true, follow: false });
    return (await Array.fromAsync(lines))
      .map(({ bytes }) => Buffer.from(bytes).toString())
      .join('');
  };
  /** Starts a container and gives its id once it has said `up`. */
  const up = async (...args: Parameters<EngineStage['create']>) => {
    const id = await stage.create(...args);
    await containers().start(id);
    for await (const line of stage.engine.streams.logs(id, {
      stdout: true,
      stderr: true,
      follow: true,
    })) {
      if (Buffer.from(line.bytes).toString() === 'up\n') return id;
    }
    throw new Error(`ended before it was up: ${await logs(id)}`);
  };

  describe('from start to end', () => {
    it('runs a program to its end', async () => {
      const { code, stdout, id } = await stage.run('echo "hello from $HOSTNAME"; exit 3');
      assert.equal(stdout, `hello from ${id.slice(0, 12)}\n`);
      assert.equal(code, 3);
      assert.equal(exitOf(id)?.code, 3);
      assert.equal(await logs(id), `hello from ${id.slice(0, 12)}\r\n`);
      assert.deepEqual(stage.actions(id), ['create', 'attach', 'start', 'die']);
      await containers().remove(id);
      assert.throws(() => containers().get(id), { message: `No such container: ${id}` });
    });

    it('starts again with the same files', async () => {
      const { id } = await stage.run('echo run >> /tmp/runs; wc -l < /tmp/runs');
      await containers().start(id);
      await containers().wait(id, 'not-running');
      assert.equal(await logs(id), '1\r\n2\r\n');
      assert.deepEqual(await containers().changes(id), [
        { kind: 'modified', path: '/tmp' },
        { kind: 'added', path: '/tmp/runs' },
      ]);
    });

    it('runs twenty at once', async () => {
      const runs = Array.from({ length: 20 }, (_, index) => stage.run(`exit ${index}`));
      const ended = await Promise.all(runs);
      assert.deepEqual(
        ended.map(({ code }) => code),
        Array.from({ length: 20 }, (_, index) => index),
      );
    });

    it('removes itself when asked to, and who waits for that hears the code', async () => {
      const id = await stage.create('exit 5', { hostConfig: { AutoRemove: true } });
      const removed = containers().wait(id, 'removed');
      await containers().start(id);
      assert.deepEqual(await removed, { code: 5 });
      assert.throws(() => containers().get(id));
      assert.deepEqual(stage.actions(id), ['create', 'start', 'die', 'destroy']);
    });

    it('answers each way of waiting', async () => {
      const id = await stage.create('read x; exit 4', { config: { OpenStdin: true } });
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
      assert.deepEqual(stage.actions(polite).slice(2), ['kill', 'die', 'stop']);

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
      assert.deepEqual(stage.actions(id), [
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
      const { id, code } = await stage.run('x=$(head -c 200m /dev/zero | tr "\\0" a)', {
        hostConfig: { Memory: 24 << 20 },
      });
      assert.equal(code, 137);
      assert.equal(exitOf(id)?.oomKilled, true);
      assert.ok(stage.actions(id).includes('oom'));
    });

    it('goes by its policy, waits longer each time, and stops when told', async () => {
      const failing = await stage.create('echo up; exit 1', {
        hostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
      });
      await containers().start(failing);
      while (stateOf(failing).kind !== 'exited') await sleep(20);
      assert.equal(containers().get(failing).restartCount, 2);
      assert.equal(await logs(failing), 'up\nup\nup\n');

      const always = await stage.create('exit 0', {
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
        const id = await stage.create('true', { config: config as object });
        await assert.rejects(containers().start(id), { kind: 'invalid', message });
        const state = stateOf(id);
        assert.ok(state.kind === 'created' && state.failure?.code === code);
        assert.deepEqual(stage.actions(id), ['create']);
        assert.ok(!existsSync(join(folder, 'run/containers', id)));
        await containers().remove(id);
      });
    }

    it('tells of a runtime and a shim that are not installed', async () => {
      const id = await stage.create('true', { hostConfig: { Runtime: 'missing' } });
      await assert.rejects(
        containers().start(id),
        /OCI runtime create failed: .*\/no\/such\/runtime: no such file or directory: unknown$/,
      );
      const other = await stage.create('true', {
        hostConfig: { Runtime: 'io.containerd.nope.v1' },
      });
      await assert.rejects(
        containers().start(other),
        /"containerd-shim-nope-v1": file does not exist: unknown$/,
      );
      await assert.rejects(stage.create('true', { hostConfig: { Runtime: 'zzz' } }), {
        message: 'unknown or invalid runtime name: zzz',
      });
    });

    it('mounts no folder on a file', async () => {
      const id = await stage.create('true', { hostConfig: { Binds: ['/tmp:/etc/passwd'] } });
      await assert.rejects(
        containers().start(id),
        /Are you trying to mount a directory onto a file/,
      );
    });

    it('frees everything, so that the next start works', async () => {
      const id = await stage.create('/tool', { config: { Entrypoint: ['/tool'], Cmd: ['true'] } });
      await assert.rejects(containers().start(id));
      await stage.engine.files.write(
        id,
        '/',
        (await stage.engine.files.read(id, '/bin/busybox')).archive,
        { noOverwriteDirNonDir: false, copyUidGid: false },
      );
      const ended = containers().wait(id, 'next-exit');
      await containers().rename(id, 'second-try');
      await assert.rejects(containers().start('second-try'), /exec: "\/tool"/);
      await containers().remove('second-try');
      void ended.catch(() => {});
    });
  });

  describe('creation', () => {
    it('refuses in Docker’s words and leaves nothing', async () => {
      const first = await stage.create('true', { name: 'taken' });
      const before = readdirSync(join(folder, 'containers'));
      await assert.rejects(stage.create('true', { name: 'taken' }), {
        kind: 'conflict',
        message: `Conflict. The container name "/taken" is already in use by container "${first}". You have to remove (or rename) that container to be able to reuse that name.`,
      });
      await assert.rejects(stage.create('true', { config: { Image: 'nope' } }), {
        kind: 'not-found',
        message: /No such image: nope:latest/,
      });
      await assert.rejects(
        stage.create('true', { config: { Image: 'busybox', Cmd: [], Entrypoint: [''] } }),
        {
          message: 'no command specified',
        },
      );
      await assert.rejects(
        stage.create('true', {
          name: 'gone',
          hostConfig: { Mounts: [{ Type: 'bind', Source: '/no/where', Target: '/x' }] },
        }),
        {
          message:
            'invalid mount config for type "bind": bind source path does not exist: /no/where',
        },
      );
      assert.deepEqual(readdirSync(join(folder, 'containers')), before);
      await containers().remove(await stage.create('true', { name: 'gone' }));
    });

    it('finds containers by name, id and the beginning of an id', async () => {
      const id = await stage.create('true', { name: 'by-name' });
      for (const ref of ['by-name', '/by-name', id, id.slice(0, 12)]) {
        assert.equal(containers().get(ref).id, id);
      }
      assert.match(containers().get(await stage.create('true')).name, /^[a-z]+_[a-z]+\d?$/);
    });

    it('renames, and frees the old name', async () => {
      const id = await stage.create('true', { name: 'old-name' });
      await containers().rename(id, 'new-name');
      assert.equal(containers().get('new-name').id, id);
      await assert.rejects(containers().rename(id, 'new-name'), /same name as its current name/);
      await assert.rejects(containers().rename(id, 'bad/name'), /Invalid container name/);
      assert.equal(
        containers().get(await stage.create('true', { name: 'old-name' })).name,
        'old-name',
      );
    });
  });

  describe('inside', () => {
    it('is what was asked for', async () => {
      const { stdout } = await stage.run(
        'id; pwd; cat /proc/self/oom_score_adj; ulimit -n; grep NoNewPrivs /proc/self/status; touch /x; mount | grep /scratch',
        {
          config: { User: 'me', WorkingDir: '/work/deep' },
          hostConfig: {
            ReadonlyRootfs: true,
            OomScoreAdj: 300,
            Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
            SecurityOpt: ['no-new-privileges'],
            Tmpfs: { '/scratch': 'size=1m' },
          },
        },
      );
      assert.match(stdout, /uid=1000\(me\)/);
      assert.match(stdout, /\n\/work\/deep\n300\n100\n/);
      assert.match(stdout, /NoNewPrivs:\t1/);
      assert.match(stdout, /x: Read-only file system/);
      assert.match(stdout, /\/scratch.*size=1024k/);
    });

    it('shares namespaces and memory with others', async () => {
      const donor = await up('echo shared > /dev/shm/note; echo up; sleep 1000', {
        hostConfig: { IpcMode: 'shareable' },
      });
      const { stdout } = await stage.run('cat /dev/shm/note; ps | grep -c "[s]leep 1000"', {
        hostConfig: { IpcMode: `container:${donor}`, PidMode: `container:${donor}` },
      });
      assert.equal(stdout, 'shared\n1\n');
      await containers().remove(donor, { force: true });
      const id = await stage.create('true', { hostConfig: { PidMode: `container:${donor}` } });
      await assert.rejects(containers().start(id), /No such container/);
    });

    it('has an init when asked for', async () => {
      const { stdout } = await stage.run('cat /proc/1/comm', { hostConfig: { Init: true } });
      assert.match(stdout, /^(docker-init|tini)/);
    });
  });

  describe('volumes', () => {
    it('fills a new one from the image, keeps it, and drops anonymous ones', async () => {
      const Binds = ['berth-e2e-data:/etc'];
      const Volumes = { '/home/me': {} };
      const { id } = await stage.run('echo more >> /etc/group', {
        config: { Volumes },
        hostConfig: { Binds },
      });
      const { stdout } = await stage.run('tail -1 /data/group; stat -c %a /data', {
        hostConfig: { Binds: ['berth-e2e-data:/data'] },
      });
      assert.match(stdout, /^more\n755\n$/);
      const anonymous = containers()
        .get(id)
        .mounts.find(({ destination }) => destination === '/home/me');
      assert.ok(anonymous?.name && stage.volumes.get(anonymous.name));
      const taken = await stage.create('true', { hostConfig: { VolumesFrom: [`${id}:ro`] } });
      assert.deepEqual(
        containers()
          .get(taken)
          .mounts.map(({ destination, readWrite }) => [destination, readWrite]),
        [
          ['/etc', false],
          ['/home/me', false],
        ],
      );
      await containers().remove(taken);
      await containers().remove(id, { volumes: true });
      assert.throws(() => stage.volumes.get(anonymous.name!), { kind: 'not-found' });
      assert.ok(stage.volumes.get('berth-e2e-data'));
    });

    it('binds folders, makes those of -v, and keeps a part of a volume inside it', async () => {
      const source = join(folder, 'made/by/v');
      await stage.run('echo in > /in/x', { hostConfig: { Binds: [`${source}:/in`] } });
      assert.equal(readFileSync(join(source, 'x'), 'utf8'), 'in\n');
      await stage.run('mkdir -p /v/sub; echo part > /v/sub/f; ln -s /etc /v/out', {
        hostConfig: { Binds: ['berth-e2e-part:/v'] },
      });
      const part = (Subpath: string) => ({
        hostConfig: {
          Mounts: [
            {
              Type: 'volume' as const,
              Source: 'berth-e2e-part',
              Target: '/p',
              VolumeOptions: { Subpath },
            },
          ],
        },
      });
      assert.equal((await stage.run('cat /p/f', part('sub'))).stdout, 'part\n');
      await assert.rejects(stage.run('ls /p', part('out')), /cannot access path/);
    });
  });

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
      await assert.rejects(
        containers().remove(id),
        /container is paused and must be unpaused first/,
      );
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
      assert.deepEqual(stage.actions(id), ['create', 'start', 'kill', 'die', 'destroy']);
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
      const { id: exec } = await stage.engine.streams.createExec(id, {
        Cmd: ['touch', '/tmp/well'],
      });
      await stage.engine.streams.startExec(exec, undefined, { tty: false });
      while (health()?.status !== 'healthy') await sleep(10);
      const told = stage.actions(id).filter((action) => action.startsWith('health_status'));
      assert.deepEqual(told, ['health_status: unhealthy', 'health_status: healthy']);
      await containers().remove(id, { force: true });
    });

    it('gives and takes files', async () => {
      const id = await up('echo up; sleep 1000');
      mkdirSync(join(folder, 'x'), { recursive: true });
      writeFileSync(join(folder, 'x/y'), '');
      const { stat } = await stage.engine.files.read(id, '/etc/passwd');
      assert.equal(stat.name, 'passwd');
      await containers().remove(id, { force: true });
    });
  });
});
