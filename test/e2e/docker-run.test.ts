import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { freePort, readPort, startDaemon, type TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
});
after(() => daemon[Symbol.asyncDispose]());

const run = (...args: string[]) => daemon.docker('run', '--rm', ...args);
const output = async (...args: string[]) => {
  const { stdout, stderr, code } = await run(...args);
  assert.equal(code, 0, stderr);
  return stdout.trimEnd();
};

test('output, errors and exit codes come through', async () => {
  const result = await run('busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7');
  assert.deepEqual(result, { code: 7, stdout: 'out\n', stderr: 'err\n' });
});

for (const [name, args, expected] of [
  ['-e', ['-e', 'A=b c', 'busybox', 'sh', '-c', 'echo "$A"'], 'b c'],
  ['-w makes the folder', ['-w', '/new/dir', 'busybox', 'pwd'], '/new/dir'],
  [
    '-u by name',
    ['-u', 'user', 'busybox', 'id'],
    'uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)',
  ],
  ['-u by number', ['-u', '12:34', 'busybox', 'id'], 'uid=12 gid=34 groups=34'],
  ['HOME follows the user', ['-u', 'user', 'busybox', 'sh', '-c', 'echo $HOME'], '/home/user'],
  ['--entrypoint', ['--entrypoint', 'echo', 'busybox', 'hi'], 'hi'],
  ['--hostname', ['--hostname', 'box', 'busybox', 'hostname'], 'box'],
  [
    '--read-only',
    ['--read-only', 'busybox', 'sh', '-c', 'touch /x 2>/dev/null || echo refused'],
    'refused',
  ],
  [
    '--tmpfs',
    ['--tmpfs', '/t:size=1m', 'busybox', 'sh', '-c', 'grep -c " /t tmpfs" /proc/mounts'],
    '1',
  ],
  ['--network none', ['--network', 'none', 'busybox', 'sh', '-c', 'ls /sys/class/net'], 'lo'],
  [
    '--add-host',
    ['--add-host', 'there:10.1.2.3', 'busybox', 'grep', 'there', '/etc/hosts'],
    '10.1.2.3\tthere',
  ],
  [
    '--cap-drop',
    ['--cap-drop', 'ALL', 'busybox', 'grep', 'CapEff', '/proc/self/status'],
    'CapEff:\t0000000000000000',
  ],
  [
    'default capabilities',
    ['busybox', 'grep', 'CapEff', '/proc/self/status'],
    'CapEff:\t00000000a80425fb',
  ],
  ['--pids-limit', ['--pids-limit', '50', 'busybox', 'true'], ''],
  [
    '--shm-size',
    [
      '--shm-size',
      '8m',
      'busybox',
      'sh',
      '-c',
      "df -k /dev/shm | tail -1 | sed 's/  */ /g' | cut -d' ' -f2",
    ],
    '8192',
  ],
  ['seccomp is on', ['busybox', 'grep', 'Seccomp:', '/proc/self/status'], 'Seccomp:\t2'],
  ['masked paths', ['busybox', 'sh', '-c', 'wc -c < /proc/timer_list; ls /sys/firmware'], '0'],
] as [string, string[], string][]) {
  test(`run ${name}`, async () => assert.equal(await output(...args), expected));
}

test('--init: the program is not process 1', async () => {
  assert.equal(await output('busybox', 'sh', '-c', 'echo $$'), '1');
  assert.notEqual(await output('--init', 'busybox', 'sh', '-c', 'echo $$'), '1');
});

test('standard input reaches the process, its end too', async () => {
  const { stdout } = await daemon.run('docker', ['run', '--rm', '-i', 'busybox', 'cat'], {
    input: 'a\nb',
  });
  assert.equal(stdout, 'a\nb');
});

test('large output arrives whole', async () => {
  const { stdout } = await run('busybox', 'seq', '1', '200000');
  assert.equal(stdout.length, 1_288_895);
});

for (const [name, args, code, message] of [
  [
    'unknown program',
    ['busybox', 'nope'],
    127,
    /exec: "nope": executable file not found in \$PATH/,
  ],
  ['a folder as program', ['busybox', '/etc'], 126, /permission denied|is a directory/],
  [
    'unknown user',
    ['-u', 'nobody-here', 'busybox', 'true'],
    125,
    /unable to find user nobody-here: no matching entries in passwd file/,
  ],
  [
    'unknown network',
    ['--network', 'nowhere', 'busybox', 'true'],
    125,
    /network nowhere not found/,
  ],
  [
    'bad name',
    ['--name', 'a/b', 'busybox', 'true'],
    125,
    /Invalid container name \(a\/b\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\] are allowed/,
  ],
  [
    'bind of a path that is not there',
    ['--mount', 'type=bind,source=/not/there,target=/x', 'busybox', 'true'],
    125,
    /bind source path does not exist: \/not\/there/,
  ],
  ['image that is nowhere', ['127.0.0.1:1/none', 'true'], 125, /connection refused/],
] as [string, string[], number, RegExp][]) {
  test(`refused: ${name}`, async () => {
    const result = await run(...args);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, message);
  });
}

test('a name in use', async () => {
  await daemon.ok('create', '--name', 'taken', 'busybox', 'true');
  const { code, stderr } = await run('--name', 'taken', 'busybox', 'true');
  assert.equal(code, 125);
  assert.match(
    stderr,
    /Conflict\. The container name "\/taken" is already in use by container "[0-9a-f]{64}"\. You have to remove \(or rename\) that container to be able to reuse that name\./,
  );
  await daemon.ok('rm', 'taken');
});

test('bind mounts and named volumes, read-only too', async () => {
  const folder = join(daemon.folder, 'bind');
  mkdirSync(folder);
  writeFileSync(join(folder, 'in'), 'from the host');
  assert.equal(
    await output('-v', `${folder}:/b`, 'busybox', 'sh', '-c', 'cat /b/in; echo back >/b/out'),
    'from the host',
  );
  assert.equal(readFileSync(join(folder, 'out'), 'utf8'), 'back\n');
  assert.match(
    (await run('-v', `${folder}:/b:ro`, 'busybox', 'touch', '/b/x')).stderr,
    /Read-only file system/,
  );
  await output('-v', 'kept:/data', 'busybox', 'sh', '-c', 'echo 1 >/data/file');
  assert.equal(await output('-v', 'kept:/data:ro', 'busybox', 'cat', '/data/file'), '1');
  assert.match(await daemon.ok('volume', 'ls', '-q'), /^kept$/m);
  await daemon.ok('volume', 'rm', 'kept');
});

test('a folder that cannot be made is said so, and the daemon goes on', async () => {
  const { code, stderr } = await daemon.docker('run', '-v', '/proc/no/such:/x', 'busybox', 'true');
  assert.equal(code, 127);
  assert.match(
    stderr,
    /error while creating mount source path '\/proc\/no\/such': mkdir \/proc\/no: no such file or directory/,
  );
});

test('programs see that they run in a container; an image made of one knows nothing of it', async () => {
  const script = 'test -f /.dockerenv && echo 1 >/made';
  await daemon.ok('run', '--name', 'marked', 'busybox', 'sh', '-c', script);
  assert.equal(await daemon.ok('diff', 'marked'), 'A /made');
  await daemon.ok('commit', 'marked', 'marked:1');
  const [context, out] = [join(daemon.folder, 'from-marked'), join(daemon.folder, 'marked')];
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), 'FROM marked:1\n');
  const { code, stderr } = await daemon.berth('build', '-o', out, context);
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(join(out, 'made'), 'utf8'), '1\n');
  for (const path of ['.dockerenv', 'etc/hosts']) assert.ok(!existsSync(join(out, path)), path);
  await daemon.ok('rm', 'marked');
  await daemon.ok('rmi', 'marked:1');
});

test('a new volume holds what the image has there', async () => {
  assert.match(await output('-v', 'fresh:/etc', 'busybox', 'cat', '/etc/passwd'), /^root:/);
  await daemon.ok('volume', 'rm', 'fresh');
});

test('published ports, on loopback and in use', async () => {
  const port = await freePort();
  await daemon.ok(
    'run',
    '-d',
    '--name',
    'web',
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
  assert.equal(await readPort(port), 'hello\n');
  assert.match(await daemon.ok('port', 'web'), new RegExp(`80/tcp -> 0\\.0\\.0\\.0:${port}`));
  const again = await run('-p', `${port}:80`, 'busybox', 'true');
  assert.equal(again.code, 125);
  assert.match(again.stderr, /port is already allocated/);
  await daemon.ok('rm', '-f', 'web');
  await assert.rejects(readPort(port, { waitMs: 0 }));
});

test('containers find each other by name', async () => {
  await daemon.ok('run', '-d', '--name', 'target', 'busybox', 'sleep', '60');
  assert.match(
    await output('busybox', 'ping', '-c', '1', '-W', '3', 'target'),
    /1 packets received/,
  );
  await daemon.ok('rm', '-f', 'target');
});

test('memory limit, and being killed for passing it', async () => {
  await daemon.docker(
    'run',
    '--name',
    'hungry',
    '-m',
    '16m',
    'busybox',
    'sh',
    '-c',
    'dd if=/dev/zero of=/dev/null bs=64M count=1',
  );
  assert.equal(
    await daemon.ok('inspect', '-f', '{{.State.OOMKilled}} {{.State.ExitCode}}', 'hungry'),
    'true 137',
  );
  await daemon.ok('rm', 'hungry');
});

test('stop, kill, wait and signals', async () => {
  const trap = [
    'sh',
    '-c',
    'trap "exit 3" TERM; trap "exit 4" USR1; echo ready; while :; do sleep 0.1; done',
  ];
  for (const [verb, code] of [
    [['stop'], '3'],
    [['kill', '-s', 'USR1'], '4'],
    [['kill'], '137'],
  ] as [string[], string][]) {
    const id = await daemon.ok('run', '-d', 'busybox', ...trap);
    while ((await daemon.ok('logs', id)) !== 'ready');
    await daemon.ok(...verb, id);
    assert.equal(await daemon.ok('wait', id), code);
    await daemon.ok('rm', id);
  }
});

test('ps and its filters', async () => {
  await daemon.ok('run', '-d', '--name', 'up', '--label', 'a=b', 'busybox', 'sleep', '60');
  await daemon.ok('run', '--name', 'gone', 'busybox', 'true');
  const names = (...filters: string[]) =>
    daemon.ok('ps', '-a', '--format', '{{.Names}}', ...filters.flatMap((f) => ['-f', f]));
  assert.equal(await names('status=running'), 'up');
  assert.equal(await names('status=exited', 'exited=0'), 'gone');
  assert.equal(await names('label=a=b'), 'up');
  assert.equal(await names('name=^/gon'), 'gone');
  assert.match(
    await daemon.ok('ps'),
    /^CONTAINER ID\s+IMAGE\s+COMMAND\s+CREATED\s+STATUS\s+PORTS\s+NAMES\n[0-9a-f]{12}\s+busybox\s+"sleep 60"\s+.*Up .*\s+up$/,
  );
  const { code, stderr } = await daemon.docker('rm', 'up');
  assert.equal(code, 1);
  assert.match(
    stderr,
    /cannot remove container "(\/)?up": container is running: stop the container before removing or force remove/,
  );
  await daemon.ok('rm', '-f', 'up', 'gone');
});

test('logs, followed to the end', async () => {
  const id = await daemon.ok(
    'run',
    '-d',
    'busybox',
    'sh',
    '-c',
    'for i in 1 2 3; do echo $i; sleep 0.2; done; echo e >&2',
  );
  const { stdout, stderr } = await daemon.docker('logs', '-f', id);
  assert.equal(stdout, '1\n2\n3\n');
  assert.equal(stderr, 'e\n');
  assert.equal((await daemon.docker('logs', '--tail', '1', id)).stderr, 'e\n');
  assert.match((await daemon.docker('logs', '-t', id)).stdout, /^\d{4}-\d\d-\d\dT[\d:.]+Z 1\n/);
  await daemon.ok('rm', id);
});

test('exec: output, exit code, environment, user, unknown program', async () => {
  const id = await daemon.ok('run', '-d', '-e', 'A=1', 'busybox', 'sleep', '60');
  assert.equal(
    await daemon.ok(
      'exec',
      '-e',
      'B=2',
      '-w',
      '/tmp',
      '-u',
      'user',
      id,
      'sh',
      '-c',
      'echo $A$B $(pwd) $(whoami)',
    ),
    '12 /tmp user',
  );
  assert.equal((await daemon.docker('exec', id, 'sh', '-c', 'exit 9')).code, 9);
  const missing = await daemon.docker('exec', id, 'nope');
  assert.equal(missing.code, 127);
  assert.match(missing.stdout + missing.stderr, /executable file not found in \$PATH/);
  const { stdout } = await daemon.run('docker', ['exec', '-i', id, 'cat'], { input: 'through' });
  assert.equal(stdout, 'through');
  await daemon.ok('rm', '-f', id);
  assert.match((await daemon.docker('exec', id, 'true')).stderr, /No such container/);
});

test('cp, both ways', async () => {
  const id = await daemon.ok('create', 'busybox', 'cat', '/copied/file');
  const folder = join(daemon.folder, 'copied');
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), 'carried over');
  await daemon.ok('cp', folder, `${id}:/`);
  assert.equal(await daemon.ok('start', '-a', id), 'carried over');
  await daemon.ok('cp', `${id}:/copied/file`, join(daemon.folder, 'back'));
  assert.equal(readFileSync(join(daemon.folder, 'back'), 'utf8'), 'carried over');
  assert.match(
    (await daemon.docker('cp', `${id}:/none`, '/tmp')).stderr,
    /Could not find the file \/none in container/,
  );
  await daemon.ok('rm', id);
});

test('events tell the life of a container', async () => {
  const since = Math.floor(Date.now() / 1000) - 1;
  await output('--name', 'told', 'busybox', 'true');
  const until = Math.ceil(Date.now() / 1000) + 1;
  const events = await daemon.ok(
    'events',
    '--since',
    `${since}`,
    '--until',
    `${until}`,
    '--filter',
    'container=told',
    '--format',
    '{{.Action}}',
  );
  assert.deepEqual(
    ['create', 'start', 'die', 'destroy'].filter((action) => events.split('\n').includes(action)),
    ['create', 'start', 'die', 'destroy'],
  );
});
