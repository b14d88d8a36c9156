import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildBusybox } from './harness/busybox.ts';
import { freePort, readPort, startDaemon, type TestDaemon } from './harness/daemon.ts';

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A PATH with all programs of the machine but one, which may be added and taken away again. */
function pathWithout(program: string) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-path-'));
  for (const place of folders) {
    for (const name of existsSync(place) ? readdirSync(place) : []) {
      const link = join(folder, name);
      if (name !== program && !existsSync(link)) symlinkSync(join(place, name), link);
    }
  }
  const original = execFileSync('which', [program], { encoding: 'utf8' }).trim();
  return {
    folder,
    add: () => symlinkSync(original, join(folder, program)),
    remove: () => rmSync(join(folder, program)),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

for (const { program, run, build } of [
  {
    program: 'containerd-shim-runc-v2',
    run: /failed to start shim: .*"containerd-shim-runc-v2".*file does not exist|executable file not found/,
    build: undefined,
  },
  {
    program: 'runc',
    run: /exec: "runc": executable file not found in \$PATH/,
    build: /exec: "runc": executable file not found in \$PATH/,
  },
]) {
  test(`without ${program}: an error that names it, and all goes on when it is there`, async () => {
    using path = pathWithout(program);
    path.add();
    await using daemon = await startDaemon({ env: { PATH: path.folder } });
    await buildBusybox(daemon);
    path.remove();
    const refused = await daemon.docker('run', '--rm', 'busybox', 'true');
    assert.ok(refused.code >= 125, `${refused.code}`);
    assert.match(refused.stderr, run);
    const context = join(daemon.folder, 'context');
    mkdirSync(context);
    writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN true\n');
    const built = await daemon.docker('build', '--no-cache', context);
    if (build) {
      assert.notEqual(built.code, 0);
      assert.match(built.stderr + built.stdout, build);
    } else assert.equal(built.code, 0, built.stderr);
    assert.equal(await daemon.ok('ps', '-aq'), '');
    path.add();
    assert.equal(await daemon.ok('run', '--rm', 'busybox', 'echo', 'again'), 'again');
    await daemon.ok('build', '--no-cache', context);
  });
}

test('two daemons side by side: names, ports, networks of their own', async () => {
  await using first = await startDaemon();
  await using second = await startDaemon();
  await Promise.all([buildBusybox(first), buildBusybox(second)]);
  const ports = [await freePort(), await freePort()];
  const serve = (daemon: TestDaemon, port: number, text: string) =>
    daemon.ok(
      ...['run', '-d', '--name', 'web', '-p', `${port}:80`, 'busybox'],
      ...['nc', '-ll', '-p', '80', '-e', 'echo', text],
    );
  await Promise.all([serve(first, ports[0]!, 'one'), serve(second, ports[1]!, 'two')]);
  assert.equal(await readPort(ports[0]!), 'one\n');
  assert.equal(await readPort(ports[1]!), 'two\n');
  const lookUp = ['run', '--rm', 'busybox', 'nc', '-w', '5', 'web', '80'];
  assert.equal(await first.ok(...lookUp), 'one');
  assert.equal(await second.ok(...lookUp), 'two');
  const taken = await second.docker('run', '--rm', '-p', `${ports[0]}:80`, 'busybox', 'true');
  assert.equal(taken.code, 125);
  assert.match(taken.stderr, /already in use|already allocated/);
  await first.kill();
  assert.equal(await second.ok(...lookUp), 'two');
  assert.equal(await readPort(ports[0]!), 'one\n');
  await first.start();
  assert.equal(await first.ok(...lookUp), 'one');
});

test('a second daemon on the same folders, bridge or registry port is refused in words', async () => {
  await using daemon = await startDaemon();
  const other = mkdtempSync(join(tmpdir(), 'berth-other-'));
  const bridge = `${daemon.bridge}x`.slice(-15);
  const port = await freePort();
  const cases: [Record<string, string>, RegExp][] = [
    [{ run: join(daemon.folder, 'run') }, /process \d+ already serves/],
    [{ root: join(daemon.folder, 'root') }, /process \d+ already serves/],
    [{ bridge: daemon.bridge }, /bridge \S+ belongs to another running daemon/],
    [{ registry: daemon.registry }, /address already in use|EADDRINUSE/],
  ];
  for (const [shared, words] of cases) {
    const flags = {
      root: join(other, 'root'),
      run: join(other, 'run'),
      registry: `127.0.0.1:${port}`,
      bridge,
      ...shared,
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    const refused = await daemon.run('timeout', [
      '10',
      join(import.meta.dirname, '../../bin/berth'),
      'daemon',
      ...args,
    ]);
    assert.equal(refused.code, 1, `${JSON.stringify(shared)} ${refused.stderr}`);
    assert.match(refused.stderr, words);
  }
  assert.equal(await daemon.ok('ps', '-aq'), '');
  execFileSync('sh', ['-c', `! ip link show ${bridge} 2>/dev/null`]);
  rmSync(other, { recursive: true });
});
