import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildBusybox } from './harness/busybox.ts';
import { freePort, readPort, startDaemon, type TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
});
after(() => daemon[Symbol.asyncDispose]());

test('containers outlive the daemon: output, exit codes, ports, names', async () => {
  const port = await freePort();
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'server',
    '-p',
    `${port}:80`,
    'busybox',
    'nc',
    '-ll',
    '-p',
    '80',
    '-e',
    'echo',
    'hello',
  );
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'counter',
    'busybox',
    'sh',
    '-c',
    'for i in $(seq 1 40); do echo $i; sleep 0.05; done; exit 12',
  );
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'ends',
    'busybox',
    'sh',
    '-c',
    'sleep 0.5; echo last words; exit 33',
  );
  await sleep(200);
  await daemon.kill();
  assert.equal(await readPort(port), 'hello\n');
  await sleep(1000);
  await daemon.start();
  assert.equal(await daemon.ok('wait', 'ends'), '33');
  assert.equal(await daemon.ok('logs', 'ends'), 'last words');
  assert.equal(await daemon.ok('wait', 'counter'), '12');
  const numbers = Array.from({ length: 40 }, (_, i) => String(i + 1)).join('\n');
  assert.equal(await daemon.ok('logs', 'counter'), numbers);
  assert.equal(await readPort(port), 'hello\n');
  assert.equal(await daemon.ok('exec', 'server', 'echo', 'in'), 'in');
  assert.equal(await daemon.ok('run', '--rm', 'busybox', 'nc', 'server', '80'), 'hello');
  assert.match(
    (await daemon.docker('run', '--rm', '-p', `${port}:80`, 'busybox', 'true')).stderr,
    /already allocated/,
  );
  await daemon.ok('rm', '-f', 'server', 'counter', 'ends');
});

test('a container with --rm that ended meanwhile is removed', async () => {
  await daemon.ok('run', '-d', '--rm', '--name', 'brief', 'busybox', 'sleep', '0.3');
  await daemon.kill();
  await sleep(600);
  await daemon.start();
  for (let i = 0; i < 100 && (await daemon.docker('inspect', 'brief')).code === 0; i++)
    await sleep(50);
  assert.match((await daemon.docker('inspect', 'brief')).stderr, /No such object: brief/);
});

test('restart policy: always comes back after a kill of daemon and container', async () => {
  await daemon.ok(
    'run',
    '-d',
    '--restart',
    'always',
    '--name',
    'phoenix',
    'busybox',
    'sleep',
    '100',
  );
  const pid = Number(await daemon.ok('inspect', '-f', '{{.State.Pid}}', 'phoenix'));
  await daemon.kill();
  process.kill(pid, 'SIGKILL');
  await daemon.start();
  for (let i = 0; i < 100; i++) {
    if (
      (
        await daemon.ok('inspect', '-f', '{{.State.Running}} {{.RestartCount}}', 'phoenix')
      ).startsWith('true')
    )
      break;
    await sleep(50);
  }
  assert.equal(await daemon.ok('inspect', '-f', '{{.State.Running}}', 'phoenix'), 'true');
  assert.notEqual(Number(await daemon.ok('inspect', '-f', '{{.State.Pid}}', 'phoenix')), pid);
  await daemon.ok('rm', '-f', 'phoenix');
});

test('jobs go on, and keep output and exit code', async () => {
  const submitted = await daemon.berth('submit', '--parsable', 'busybox', 'x');
  assert.equal(submitted.code, 0, submitted.stderr);
  const long = await daemon.run('docker', ['build', '-q', '-t', 'job', '-'], {
    input: 'FROM busybox\nENTRYPOINT ["sh", "-c", "sleep 1; echo got:$0; exit 4"]\n',
  });
  assert.equal(long.code, 0, long.stderr);
  const { stdout } = await daemon.berth('submit', '--parsable', 'job', 'two words');
  await sleep(300);
  await daemon.kill();
  await sleep(1200);
  await daemon.start();
  const followed = await daemon.berth('logs', stdout.trim(), '-f');
  assert.equal(followed.stdout, 'got:two words\n');
  for (let i = 0; i < 100; i++) {
    const { stdout: json } = await daemon.berth('jobs', '--json');
    const job = (JSON.parse(json) as { id: number; exitCode?: number }[]).find(
      ({ id }) => id === Number(stdout),
    );
    if (job?.exitCode !== undefined) return assert.equal(job.exitCode, 4);
    await sleep(50);
  }
  assert.fail('the job did not end');
});
