import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { startClient, startProcess, until } from './harness/client-process.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';
import { processesOf, unfinishedWork, wiresOf } from './harness/left-behind.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
});
after(() => daemon[Symbol.asyncDispose]());

function contextOf(dockerfile: string, owner = daemon): string {
  const folder = join(owner.folder, 'context');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  return folder;
}

const commands = () => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });

for (const [what, dockerfile, words] of [
  ['an unknown instruction', 'FROM busybox\n\nRUNN echo\n', /Dockerfile:3[\s\S]*RUNN echo/],
  ['a flag that is none', 'FROM busybox\nCOPY --nope a b\n', /Dockerfile:2[\s\S]*COPY --nope a b/],
  ['a missing argument', 'FROM busybox\nENV\n', /Dockerfile:2[\s\S]*ENV/],
  [
    'a step that fails',
    'FROM busybox\nRUN exit 3\n',
    /Dockerfile:2[\s\S]*RUN exit 3[\s\S]*returned a non-zero code: 3/,
  ],
  [
    'a source that is missing',
    'FROM busybox\nCOPY none /\n',
    /Dockerfile:2[\s\S]*COPY none \/[\s\S]*none/,
  ],
  ['no instruction at all', '# nothing\n', /file with no instructions/],
] as [string, string, RegExp][]) {
  test(`a Dockerfile with ${what}: file, line and text are shown`, async () => {
    const { code, stdout, stderr } = await daemon.docker('build', contextOf(dockerfile));
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, words);
  });
}

test('a port in use by another program, and by us', async () => {
  const server = createServer().listen(0, '0.0.0.0');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const args = ['--name', 'wants-port', '-p', `${port}:80`, 'busybox'];
  const refused = await daemon.docker('run', ...args, 'true');
  assert.equal(refused.code, 125);
  assert.match(
    refused.stderr,
    /failed to bind host port for 0\.0\.0\.0:\d+:172\.\d+\.\d+\.\d+:80\/tcp: address already in use|Bind for 0\.0\.0\.0:\d+ failed|listen tcp4? 0\.0\.0\.0:\d+: bind: address already in use/,
  );
  assert.equal(await daemon.ok('inspect', '-f', '{{.State.Status}}', 'wants-port'), 'created');
  await new Promise((resolve) => server.close(resolve));
  await daemon.ok('start', 'wants-port');
  await daemon.ok('wait', 'wants-port');
  const taken = await daemon.docker('create', ...args, 'true');
  assert.equal(taken.code, 1);
  assert.match(taken.stderr, /Conflict\. The container name "\/wants-port" is already in use/);
  await daemon.ok('rm', 'wants-port');
});

test('Ctrl-C of a build ends the processes of its step', async () => {
  const context = contextOf('FROM busybox\nRUN sleep 7641 & sleep 7642 & echo begun; wait\n');
  const build = startClient(daemon, 'build', '--no-cache', context);
  await build.says(/^begun$/m);
  build.child.kill('SIGINT');
  await build.ended;
  await until('the step is over', () => !/sleep 764[12]/.test(commands()), { limitMs: 5000 });
  await until('its files are gone', () => unfinishedWork(daemon.folder).length === 0);
  assert.deepEqual(wiresOf(daemon.bridge), []);
});

test('a client that vanishes: the container goes on, and is attached to again', async () => {
  const run = startClient(
    daemon,
    'run',
    '--name',
    'left',
    'busybox',
    'sh',
    '-c',
    'echo up; exec sleep 7661',
  );
  await run.says(/^up$/m);
  run.child.kill('SIGKILL');
  await run.ended;
  assert.equal(await daemon.ok('inspect', '-f', '{{.State.Status}}', 'left'), 'running');
  const followers = [
    startClient(daemon, 'logs', '-f', 'left'),
    startClient(daemon, 'attach', '--no-stdin', 'left'),
    startClient(daemon, 'events'),
    startClient(daemon, 'stats', 'left'),
    startClient(daemon, 'wait', 'left'),
  ];
  await followers[0]!.says(/^up$/m);
  for (const { child } of followers) child.kill('SIGKILL');
  await Promise.all(followers.map(({ ended }) => ended));
  await daemon.ok('exec', 'left', 'sh', '-c', 'echo more >/proc/1/fd/1');
  await until('it is logged', async () => (await daemon.ok('logs', 'left')) === 'up\nmore');
  await daemon.ok('rm', '-f', 'left');
  assert.deepEqual(processesOf(daemon.folder), []);
});

test('a terminal that vanishes: the container goes on', async () => {
  const command = 'docker run -it --name tty busybox sh -c "echo up; sleep 7651"';
  const terminal = startProcess(daemon, 'script', ['-qfc', command, '/dev/null']);
  await until('it runs', async () =>
    /running/.test((await daemon.docker('inspect', '-f', '{{.State.Status}}', 'tty')).stdout),
  );
  terminal.child.kill('SIGKILL');
  await terminal.ended;
  await until('its output is there', async () => (await daemon.ok('logs', 'tty')) === 'up');
  await daemon.ok('rm', '-f', 'tty');
});
