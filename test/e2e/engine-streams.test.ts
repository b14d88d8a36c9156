import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFrames, streamOf } from '../../src/core/index.ts';
import type { AttachOptions, ExecRequest, LogOptions } from '../../src/engine/index.ts';
import {
  createClient,
  type EngineStage,
  openStage,
  removeStage,
  stageFolder,
} from './engine-stage.ts';

const everything: AttachOptions = {
  stdin: true,
  stdout: true,
  stderr: true,
  logs: false,
  follow: true,
};

async function unframed(bytes: Buffer): Promise<Record<'stdout' | 'stderr', string>> {
  const streams = { stdout: '', stderr: '' };
  for await (const frame of decodeFrames(streamOf(bytes))) {
    streams[frame.stream] += Buffer.from(frame.bytes).toString();
  }
  return streams;
}

describe('streams of containers', () => {
  const folder = stageFolder();
  let stage: EngineStage;
  before(async () => {
    stage = await openStage(folder);
  });
  after(async () => {
    await stage[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(join(folder, 'run', 'containers')), []);
    assert.deepEqual(stage.warnings, []);
    await removeStage(folder);
  });
  const containers = () => stage.engine.containers;
  const streams = () => stage.engine.streams;
  /** Attaches as the client does before it starts a container. */
  const attachedRun = async (...[script, more]: Parameters<EngineStage['create']>) => {
    const id = await stage.create(script, more);
    const client = createClient();
    let joined = false;
    const done = streams().attach(id, client.stream, {
      ...everything,
      onJoined: () => (joined = true),
    });
    assert.ok(joined, 'answered before the container starts');
    await containers().start(id);
    return { id, client, done };
  };
  const interactive = { OpenStdin: true, StdinOnce: true };

  describe('attach', () => {
    it('frames the two streams', async () => {
      const { client, done } = await attachedRun('echo out; echo err >&2');
      await done;
      assert.deepEqual(await unframed(client.bytes()), { stdout: 'out\n', stderr: 'err\n' });
    });

    it('feeds the program and ends its input with the client’s', async () => {
      const { client, done } = await attachedRun('wc -c', { config: interactive });
      for (let count = 0; count < 50; count++) client.type('x'.repeat(10_000));
      client.endInput();
      await done;
      assert.deepEqual(await unframed(client.bytes()), { stdout: '500000\n', stderr: '' });
    });

    it('is a terminal: echo, size, control characters, detach keys', async () => {
      const { id, client, done } = await attachedRun('stty size; trap "echo caught" INT; cat', {
        config: { Tty: true, OpenStdin: true },
        hostConfig: { ConsoleSize: [33, 111] },
      });
      await client.says('33 111');
      client.type('hello\r');
      await client.says(/hello\r\n.*hello\r\n/s);
      await containers().resize(id, { rows: 10, columns: 20 });
      client.type('\x10\x11');
      await done;
      assert.equal(containers().get(id).state.kind, 'running');
      assert.ok(stage.actions(id).includes('resize') && stage.actions(id).includes('detach'));

      const again = createClient();
      const second = streams().attach(id, again.stream, { ...everything, detachKeys: 'ctrl-a,b' });
      again.type('again\r');
      await again.says('again');
      again.type('\x03');
      await again.says('caught');
      await containers().remove(id, { force: true });
      await second;
    });

    it('shows several clients the same', async () => {
      const id = await stage.create('read line; echo "got $line"; read line', {
        config: { OpenStdin: true },
      });
      await containers().start(id);
      const clients = [createClient(), createClient(), createClient()];
      const done = clients.map((client) => streams().attach(id, client.stream, everything));
      await sleep(50);
      clients[1]!.type('word\n');
      await Promise.all(clients.map((client) => client.says('got word')));
      clients[2]!.stream.destroy();
      await done[2];
      await containers().kill(id);
      await Promise.all(done);
    });

    it('replays the log and goes on without a gap', async () => {
      const id = await stage.create('echo one; printf "tw"; read x; echo "o $x"', {
        config: { OpenStdin: true },
      });
      await containers().start(id);
      const first = createClient();
      const follow = { stdout: true, stderr: true, follow: true };
      for await (const line of streams().logs(id, follow)) {
        assert.equal(Buffer.from(line.bytes).toString(), 'one\n');
        break;
      }
      const done = streams().attach(id, first.stream, { ...everything, logs: true });
      await first.says('tw');
      first.type('three\n');
      await done;
      assert.equal((await unframed(first.bytes())).stdout, 'one\ntwo three\n');
    });

    it('gives a client that came before the start every byte, however slow it is', async () => {
      const lines = 200_000;
      const { id, client, done } = await attachedRun(`seq 1 ${lines}`);
      await done;
      const { stdout } = await unframed(client.bytes());
      assert.equal(
        stdout.length,
        Array.from({ length: lines }, (_, n) => `${n + 1}\n`).join('').length,
      );
      assert.ok(stdout.startsWith('1\n2\n') && stdout.endsWith(`\n${lines}\n`));
      assert.equal((await containers().wait(id, 'not-running')).code, 0);
    });

    it('refuses a paused container and wrong keys', async () => {
      const id = await stage.create('sleep 1000');
      await containers().start(id);
      await containers().pause(id);
      const { stream } = createClient();
      await assert.rejects(streams().attach(id, stream, everything), {
        message: `container ${id} is paused, unpause the container before attach`,
      });
      await assert.rejects(streams().createExec(id, { Cmd: ['true'] }), {
        message: `Container ${id} is paused, unpause the container before exec`,
      });
      await containers().remove(id, { force: true });
      const other = await stage.create('true');
      await assert.rejects(
        streams().attach(other, stream, { ...everything, detachKeys: 'ctrl-1' }),
        {
          message: 'Invalid detach keys (ctrl-1) provided',
        },
      );
    });
  });

  describe('logs', () => {
    const read = async (id: string, options: Partial<LogOptions> = {}) => {
      const lines = streams().logs(id, { stdout: true, stderr: true, follow: false, ...options });
      return (await Array.fromAsync(lines)).map(
        ({ stream, bytes }) => `${stream}: ${Buffer.from(bytes)}`,
      );
    };

    it('tells the streams apart, from the end, and follows to the end', async () => {
      const id = await stage.create('echo a; sleep 0.05; echo b >&2; sleep 0.05; printf c');
      await containers().start(id);
      assert.deepEqual(await read(id, { follow: true }), [
        'stdout: a\n',
        'stderr: b\n',
        'stdout: c',
      ]);
      assert.deepEqual(await read(id, { tail: 1 }), ['stdout: c']);
      assert.deepEqual(await read(id, { stdout: false }), ['stderr: b\n']);
      assert.deepEqual(await read(id, { sinceMs: Date.now() }), []);
    });

    it('rotates, and reads what is kept', async () => {
      const { id } = await stage.run('seq 1 2000', {
        config: { Tty: false },
        hostConfig: {
          LogConfig: { Type: 'json-file', Config: { 'max-size': '20k', 'max-file': '3' } },
        },
      });
      const lines = await read(id);
      assert.equal(lines.at(-1), 'stdout: 2000\n');
      assert.ok(lines.length > 300 && lines.length < 1200, `${lines.length} lines are kept`);
    });

    it('keeps nothing when told so', async () => {
      const { id, stdout } = await stage.run('echo x', {
        hostConfig: { LogConfig: { Type: 'none' } },
      });
      assert.equal(stdout, 'x\n');
      await assert.rejects(read(id), {
        message: 'configured logging driver does not support reading',
      });
    });
  });

  describe('exec', () => {
    let id = '';
    before(async () => {
      id = await stage.create('sleep 1000', { config: { Env: ['OWN=1'], WorkingDir: '/tmp' } });
      await containers().start(id);
    });
    after(() => containers().remove(id, { force: true }));
    const exec = async (request: ExecRequest, input?: string) => {
      const { id: execId } = await streams().createExec(id, {
        AttachStdout: true,
        AttachStderr: true,
        ...request,
      });
      const client = createClient();
      if (input !== undefined) {
        client.type(input);
        client.endInput();
      }
      await streams().startExec(execId, client.stream, { tty: request.Tty ?? false });
      const { state } = streams().getExec(execId);
      return { client, execId, code: state.kind === 'exited' ? state.code : undefined };
    };

    it('runs beside the program, in its place, with its variables and more', async () => {
      const { client, code, execId } = await exec({
        Cmd: ['/bin/sh', '-c', 'echo "$OWN $MORE $(pwd)"; echo bad >&2; exit 6'],
        Env: ['MORE=2'],
      });
      assert.deepEqual(await unframed(client.bytes()), { stdout: '1 2 /tmp\n', stderr: 'bad\n' });
      assert.equal(code, 6);
      const told = stage.actions(id).filter((action) => action.startsWith('exec_'));
      assert.deepEqual(
        told.map((action) => action.slice(0, 22)),
        ['exec_create: /bin/sh -', 'exec_start: /bin/sh -c', 'exec_die'],
      );
      await assert.rejects(streams().startExec(execId, undefined, { tty: false }), {
        message: `exec command ${execId} has already run`,
      });
    });

    it('takes another user, folder and input', async () => {
      const { client } = await exec(
        {
          Cmd: ['/bin/sh', '-c', 'id -un; pwd; cat'],
          User: 'me',
          WorkingDir: '/etc',
          AttachStdin: true,
        },
        'typed',
      );
      assert.equal((await unframed(client.bytes())).stdout, 'me\n/etc\ntyped');
      await assert.rejects(exec({ Cmd: ['true'], User: 'ghost' }), /unable to find user ghost/);
    });

    it('is a terminal when asked, and leaves by keys', async () => {
      const { id: execId } = await streams().createExec(id, {
        Cmd: ['/bin/sh', '-c', 'stty size; cat'],
        Tty: true,
        AttachStdin: true,
        AttachStdout: true,
      });
      const client = createClient();
      const done = streams().startExec(execId, client.stream, {
        tty: true,
        size: { rows: 7, columns: 70 },
      });
      await client.says('7 70');
      await streams().resizeExec(execId, { rows: 8, columns: 80 });
      client.type('\x10\x11');
      await done;
      assert.deepEqual(stage.engine.insight.execIds(id), [execId]);
      assert.equal(streams().getExec(execId).state.kind, 'running');
    });

    for (const [what, Cmd, code, message] of [
      [
        'missing',
        ['nothere'],
        127,
        /^OCI runtime exec failed: exec failed: .*exec: "nothere": executable file not found in \$PATH: unknown$/,
      ],
      ['no program', ['/etc/passwd'], 126, /permission denied: unknown$/],
    ] as const) {
      it(`tells of a program that is ${what}`, async () => {
        const { id: execId } = await streams().createExec(id, {
          Cmd: [...Cmd],
          AttachStdout: true,
        });
        const started = streams().startExec(execId, createClient().stream, { tty: false });
        await assert.rejects(started, { message });
        const { state } = streams().getExec(execId);
        assert.ok(state.kind === 'exited' && state.code === code);
      });
    }

    it('goes on alone when nobody listens', async () => {
      const { id: execId } = await streams().createExec(id, {
        Cmd: ['/bin/sh', '-c', 'seq 1 100000; touch /tmp/done'],
        AttachStdout: true,
      });
      await streams().startExec(execId, undefined, { tty: false });
      while (streams().getExec(execId).state.kind !== 'exited') await sleep(5);
      const { code } = await exec({ Cmd: ['test', '-e', '/tmp/done'] });
      assert.equal(code, 0);
    });

    it('loses no output, however much', async () => {
      const { client } = await exec({ Cmd: ['seq', '1', '300000'] });
      const { stdout } = await unframed(client.bytes());
      assert.ok(stdout.endsWith('\n300000\n'));
      assert.equal(stdout.split('\n').length, 300_001);
    });

    it('does not wait for what it left behind', async () => {
      const { client, code } = await exec({
        Cmd: ['/bin/sh', '-c', 'sleep 1000 & echo said; exit 4'],
      });
      assert.equal((await unframed(client.bytes())).stdout, 'said\n');
      assert.equal(code, 4);
    });

    it('runs many at once and leaves no fifo', async () => {
      const codes = await Promise.all(
        Array.from(
          { length: 10 },
          async (_, index) => (await exec({ Cmd: ['/bin/sh', '-c', `exit ${index}`] })).code,
        ),
      );
      assert.deepEqual(
        codes,
        Array.from({ length: 10 }, (_, index) => index),
      );
      const files = readdirSync(join(folder, 'run/containers', id));
      // The one that was detached from is still there.
      assert.equal(files.filter((name) => name.endsWith('-stdout')).length, 1);
    });

    it('ends with the container', async () => {
      const other = await stage.create('sleep 1000');
      await containers().start(other);
      const { id: execId } = await streams().createExec(other, {
        Cmd: ['sh', '-c', 'echo up; exec sleep 1000'],
        AttachStdout: true,
      });
      const client = createClient();
      const done = streams().startExec(execId, client.stream, { tty: false });
      await client.says('up');
      await containers().kill(other);
      await done;
      const { state } = streams().getExec(execId);
      assert.ok(state.kind === 'exited' && state.code === 137);
      await assert.rejects(streams().createExec(other, { Cmd: ['true'] }), {
        message: `container ${other} is not running`,
      });
      assert.ok(!existsSync(join(folder, 'run/containers', other)));
    });
  });
});
