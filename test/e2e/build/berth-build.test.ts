import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildBusybox } from '../harness/busybox.ts';
import { until } from '../harness/client-process.ts';
import { startDaemon, type TestDaemon } from '../harness/daemon.ts';

const launcher = join(import.meta.dirname, '../../../bin/berth');
let daemon: TestDaemon;
let count = 0;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
});
after(() => daemon[Symbol.asyncDispose]());

function context(dockerfile: string, files: Record<string, string> = {}): string {
  const folder = join(daemon.folder, `context-${count++}`);
  for (const [path, content] of Object.entries({ ...files, Dockerfile: dockerfile })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.berth('build', ...args);
  assert.equal(code, 0, stderr);
  return stdout + stderr;
}

test('--check prints what was found and where, and exits with 1 if there was anything', async () => {
  const clean = await daemon.berth('build', '-q', '--check', context('FROM busybox:latest\n'));
  assert.deepEqual([clean.code, clean.stdout], [0, 'Check complete, no warnings found.\n']);
  const dockerfile = '# check=error=true\nFROM busybox\nCMD x\n';
  for (const text of [dockerfile, dockerfile.slice(dockerfile.indexOf('\n') + 1)]) {
    const found = await daemon.berth('build', '-q', '--check', context(text));
    assert.equal(found.code, 1);
    assert.match(found.stdout, /^Check complete, 1 warning has been found!\n\nWARNING: JSONArgs/);
    assert.match(found.stdout, /^> [23] \| CMD x$/m);
  }
  const broken = await daemon.berth('build', '-q', '--check', context('FROM busybox\nRUM x\n'));
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /unknown instruction: RUM[\s\S]*did you mean RUN\?/);
});

test('--lint shows what the linter finds; without a terminal nobody is told of it', async () => {
  const folder = context('FROM busybox\nRUN cd /tmp && true\n');
  assert.match(await ok('--lint', folder), /Dockerfile:2 DL3003/);
  assert.doesNotMatch(await ok(folder), /lint|DL3003/);
  const onTerminal = (...flags: string[]) =>
    daemon.run('script', ['-qec', [launcher, 'build', ...flags, folder].join(' '), '/dev/null']);
  const { stdout } = await onTerminal();
  assert.match(stdout, /lint: 2 findings in \S+Dockerfile; see them with --lint/);
  assert.match((await onTerminal('-q')).stdout, /^sha256:[0-9a-f]{64}\s+$/);
});

test('a base image for another machine is told of', async () => {
  const image = `${daemon.registry}/me/arm:1`;
  const login = ['user', 'add', 'builder', '--admin', '--password-stdin'];
  await daemon.run(launcher, login, { input: 'pass-word-1' });
  const docker = ['login', '-u', 'builder', '--password-stdin', daemon.registry];
  assert.equal((await daemon.run('docker', docker, { input: 'pass-word-1' })).code, 0);
  const made = context('FROM scratch\nCOPY f /f\n', { f: 'x' });
  await ok('-q', '--platform', 'linux/arm64', '-t', image, '--push', made);
  const output = await ok(
    '--progress',
    'plain',
    context(`FROM ${image}\nCOPY --from=${image} /f /g\n`),
  );
  assert.match(
    output,
    /WARN: InvalidBaseImagePlatform: Base image \S+ was pulled with platform "linux\/arm64", expected "linux\/amd64" for current build \(line 1\)/,
  );
  const foreign = await daemon.berth(
    'build',
    '--platform',
    'linux/arm64',
    context(`FROM ${image}\nRUN x\n`),
  );
  assert.equal(foreign.code, 1);
  assert.match(
    foreign.stderr,
    /line 2 runs a program, .* no emulator for linux\/arm64 is registered/,
  );
});

test('what is not there is named with its place', async () => {
  const cases: [dockerfile: string, words: RegExp][] = [
    [
      'FROM busybox\nRUN true\nCOPY --from=nowhere.invalid/x /a /b\n',
      /Dockerfile:3:1: nowhere\.invalid\/x: failed to resolve source metadata for nowhere\.invalid\/x:latest: /,
    ],
    [
      'FROM busybox\nCOPY --from=UPPER /a /b\n',
      /Dockerfile:2:1: failed to parse stage name "UPPER": invalid reference format: repository name \(library\/UPPER\) must be lowercase/,
    ],
    ['FROM busybox AS tools\nFROM tool\n', /Dockerfile:2:\d+: tool: .*did you mean tools\?/s],
    [
      'FROM busybox\nRUN --device=vendor.com/x=y,required true\n',
      /Dockerfile:2:1: device vendor\.com\/x=y: RUN --device is not supported/,
    ],
  ];
  for (const [dockerfile, words] of cases) {
    const { code, stderr } = await daemon.berth('build', '-q', context(dockerfile));
    assert.equal(code, 1);
    assert.match(stderr, words);
  }
  const optional = await ok(context('FROM busybox\nRUN --device=vendor.com/x=y true\n'));
  assert.match(optional, /WARN: DeviceUnavailable: device vendor\.com\/x=y: .*\(line 2\)/);
});

test('who stops reading the progress is no failure, and the build goes on', async () => {
  const folder = context('FROM busybox\nRUN echo one; echo two >/f\n');
  const image = 'read-by-nobody';
  const { stdout } = await daemon.run('bash', [
    '-c',
    `"$0" build --no-cache -t ${image} "$1" 2>&1 >/dev/null | true; echo "\${PIPESTATUS[0]}"`,
    launcher,
    folder,
  ]);
  assert.equal(stdout, '0\n');
  await daemon.ok('image', 'inspect', image);
});

test('a cache that cannot be written fails the build in words', async () => {
  const folder = context('FROM busybox\nRUN echo 1 >/f\n');
  const dest = 'type=local,dest=/proc/no/such';
  const { code, stderr } = await daemon.berth('build', '--cache-to', dest, folder);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /failed to export cache to \S+: mkdir \/proc\/no: no such file or directory/,
  );
});

test('a push that fails says of what', async () => {
  const folder = context('FROM busybox\nRUN echo 1 >/f\n');
  const image = '127.0.0.1:1/nobody/app:1';
  const { code, stderr } = await daemon.berth('build', '-t', image, '--push', folder);
  assert.equal(code, 1);
  assert.match(stderr, /pushing layers\n#\d+ ERROR: failed to push \S+app:1: .*refused/);
  assert.match(stderr, /^berth: failed to push \S+app:1: .*refused/m);
});

test('an OCI layout stands for a name, and nothing of it or of an archive stays as an image', async () => {
  const layout = join(daemon.folder, 'layout');
  mkdirSync(layout);
  const images = () => daemon.ok('images', '-aq');
  const before = await images();
  const archive = join(daemon.folder, 'layout.tar');
  const made = context('FROM busybox\nRUN echo laid out > /f\n');
  await ok('-q', '-t', 'laid:v1', '-o', `type=oci,dest=${archive}`, made);
  assert.equal(await images(), before);
  execFileSync('tar', ['-xf', archive, '-C', layout]);
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const dockerfile = 'FROM base\nCOPY --from=base /f /g\nRUN cat /f /g\n';
  for (const suffix of ['', ':v1', `@${manifests[0].digest}`]) {
    const source = `base=oci-layout://${layout}${suffix}`;
    const args = ['--progress', 'plain', '-o', 'type=docker,dest=/dev/null', '--no-cache'];
    const output = await ok(...args, '--build-context', source, context(dockerfile));
    assert.match(output, /laid out\n.*laid out/);
  }
  assert.equal(await images(), before);
  for (const [source, words] of [
    [`${layout}:nope`, /find image :nope in the OCI layout: it has laid:v1/],
    [daemon.folder, /is no OCI layout/],
  ] as const) {
    const args = ['build', '-q', '--build-context', `base=oci-layout://${source}`];
    const { code, stderr } = await daemon.berth(...args, context(dockerfile));
    assert.notEqual(code, 0);
    assert.match(stderr, words);
  }
});

test('the shell in a failed step knows the size of its window, and each change of it', async () => {
  const folder = context('FROM busybox\nRUN echo last words; false\n');
  const socket = join(daemon.folder, 'tmux');
  const tmux = (...args: string[]) =>
    daemon.run('env', ['LC_ALL=C.UTF-8', 'tmux', '-S', socket, '-f', '/dev/null', ...args]);
  const shown = async () => (await tmux('capture-pane', '-p')).stdout;
  const type = (text: string) => tmux('send-keys', text, 'Enter');
  const command = `${launcher} build --shell-on-error ${folder}`;
  const says = (size: string) =>
    until(`it says ${size}`, async () => {
      await type('stty size');
      return (await shown()).includes(`\n${size}\n`);
    });
  const started = await tmux('new-session', '-d', '-x', '90', '-y', '25', command);
  assert.equal(started.code, 0, started.stderr);
  try {
    await until('there is a shell', async () => (await shown()).trimEnd().endsWith('/ #'));
    await says('25 90');
    await tmux('resize-window', '-x', '100', '-y', '30');
    await says('30 100');
    await type('exit');
  } finally {
    await tmux('kill-server');
  }
});
