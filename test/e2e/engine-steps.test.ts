import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { streamOf } from '../../src/core/index.ts';
import { createStepRunner, readHostFacts, type StepRequest } from '../../src/engine/index.ts';
import { openCgroups } from '../../src/linux/index.ts';
import { fillBusyboxRoot } from './busybox-root.ts';

describe('steps run with the real runtime', () => {
  const base = mkdtempSync(join(tmpdir(), 'berth-steps-'));
  const root = join(base, 'root');
  const runPath = join(base, 'run');
  const networks = {
    setUp: async () => ({ namespacePath: '', endpoints: {}, ports: [], nameservers: [] }),
    tearDown: async () => {},
  };
  const runner = createStepRunner({ runPath, host: readHostFacts(), networks });
  let count = 0;
  const request = (script: string, more: Partial<StepRequest> = {}) => {
    const output = { stdout: '', stderr: '' };
    const asked: StepRequest = {
      id: `e2e-${process.pid}-${count++}`,
      rootPath: root,
      argv: ['/bin/sh', '-c', script],
      env: ['PATH=/bin', 'A=b c'],
      cwd: '/tmp',
      user: '',
      network: 'none',
      insecure: false,
      mounts: [],
      hosts: [],
      onOutput: (stream, bytes) => {
        output[stream] += Buffer.from(bytes).toString();
      },
      ...more,
    };
    return { asked, output };
  };
  const run = async (script: string, more: Partial<StepRequest> = {}) => {
    const { asked, output } = request(script, more);
    return { ...(await runner.run(asked)), ...output };
  };
  before(() => fillBusyboxRoot(root));
  after(() => {
    assert.deepEqual(readdirSync(join(runPath, 'steps')), [], 'every step is cleared away');
    assert.deepEqual(readdirSync(join(runPath, 'steps-runtime')), []);
    rmSync(base, { recursive: true });
  });

  it('gives output of both streams, and the exit code', async () => {
    const result = await run('echo "$A in $(pwd)"; echo oops >&2; exit 7');
    assert.deepEqual(result, {
      exitCode: 7,
      oomKilled: false,
      stdout: 'b c in /tmp\n',
      stderr: 'oops\n',
    });
  });

  it('runs as a user of the root, with its groups', async () => {
    const { stdout } = await run('id; echo $HOME', { user: 'me' });
    assert.match(stdout, /^uid=1000\(me\) gid=1000\(me\) groups=.*29\(audio\).*\n\/home\/me\n$/);
    await assert.rejects(run('true', { user: 'ghost' }), /unable to find user ghost/);
  });

  it('shows what is mounted and leaves no trace of it', async () => {
    const source = join(base, 'source');
    mkdirSync(source);
    const { stdout } = await run(
      'grep web /etc/hosts; touch /in/x; df -k /scratch | tail -1; ls / /dev/pts',
      {
        hosts: ['web:10.1.2.3'],
        mounts: [
          { type: 'bind', source, target: '/in', readOnly: false },
          { type: 'tmpfs', source: '', target: '/scratch', readOnly: false, sizeBytes: 1 << 20 },
        ],
      },
    );
    assert.match(stdout, /10\.1\.2\.3\s+web/);
    assert.match(stdout, /1024 /);
    assert.ok(existsSync(join(source, 'x')));
    assert.deepEqual(readdirSync(root).sort(), ['bin', 'etc', 'home', 'root', 'tmp']);
    assert.deepEqual(readdirSync(join(root, 'etc')).sort(), ['group', 'passwd']);
  });

  it('feeds standard input', async () => {
    const { stdout } = await run('cat', { stdin: streamOf('one\n', 'two\n') });
    assert.equal(stdout, 'one\ntwo\n');
  });

  it('tells of a program that is not there in the words of the runtime', async () => {
    const { asked, output } = request('', { argv: ['nothere'] });
    await assert.rejects(runner.run(asked), {
      kind: 'invalid',
      message:
        /^OCI runtime create failed: .*exec: "nothere": executable file not found in \$PATH: unknown$/,
    });
    assert.equal(output.stderr, '');
  });

  it('keeps words of a program that look like the runtime', async () => {
    const { stderr, exitCode } = await run('echo "runc run failed: not really" >&2; exit 1');
    assert.deepEqual([stderr, exitCode], ['runc run failed: not really\n', 1]);
  });

  it('says when the kernel ended it for want of memory', async () => {
    const { exitCode, oomKilled } = await run('x=$(head -c 200m /dev/zero | tr "\\0" a)', {
      limits: { memoryBytes: 32 << 20 },
    });
    assert.deepEqual([exitCode, oomKilled], [137, true]);
  });

  it('confines an ordinary step and frees an insecure one', async () => {
    const script =
      'grep -c . /proc/self/mountinfo >/dev/null; mount -t tmpfs x /tmp && echo mounted';
    assert.equal((await run(script)).stdout, '');
    assert.equal((await run(script, { insecure: true })).stdout, 'mounted\n');
  });

  it('kills every process at once on abort', async () => {
    const aborter = new AbortController();
    let ready = () => {};
    const started = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const { asked } = request(
      'setsid sleep 1000 & trap "" TERM; sleep 1000 & echo up; while :; do sleep 1000; done',
      {
        signal: aborter.signal,
        onOutput: () => ready(),
      },
    );
    const running = runner.run(asked);
    await started;
    const cgroups = openCgroups();
    assert.ok(cgroups.processes(`/berth-steps/${asked.id}`).length >= 3);
    aborter.abort();
    await assert.rejects(running, { kind: 'canceled' });
    assert.deepEqual(cgroups.processes(`/berth-steps/${asked.id}`), []);
  });

  it('can be aborted before the runtime has begun', async () => {
    const aborter = new AbortController();
    const running = runner.run(request('sleep 1000', { signal: aborter.signal }).asked);
    await nextTurn();
    aborter.abort();
    await assert.rejects(running, { kind: 'canceled' });
  });

  it('refuses an id that is a path', async () => {
    await assert.rejects(run('true', { id: '../x' }), { kind: 'invalid' });
  });

  it('clears what a daemon that was killed left running', async () => {
    const { asked } = request('echo up; sleep 1000');
    // The lost daemon: it never sees the end of its step, so it clears nothing away.
    let ready = () => {};
    const started = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const lost = runner.run({ ...asked, onOutput: () => ready() });
    await started;
    const pids = openCgroups().processes(`/berth-steps/${asked.id}`);
    assert.ok(pids.length > 0);
    await createStepRunner({ runPath, host: readHostFacts(), networks }).cleanUp();
    for (const pid of pids) assert.ok(!existsSync(`/proc/${pid}/root`) || isZombie(pid));
    assert.equal((await lost).exitCode, 137);
  });

  it('says which runtime is missing', async () => {
    const broken = createStepRunner({
      runPath,
      host: readHostFacts(),
      networks,
      binary: 'no-runc',
    });
    await assert.rejects(broken.run(request('true').asked), {
      kind: 'unavailable',
      message: /exec: "no-runc": executable file not found in \$PATH/,
    });
  });
});

function isZombie(pid: number): boolean {
  return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
