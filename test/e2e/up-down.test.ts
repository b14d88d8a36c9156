import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { capture, freePort } from './harness/daemon.ts';

const launcher = join(import.meta.dirname, '../../bin/berth');
const folder = mkdtempSync(join(tmpdir(), 'berth-up-'));
after(() => rmSync(folder, { recursive: true }));
const run = join(folder, 'run');
const env = process.env;

test('berth up listens where --host says, as often as it is said, and berth down finds it there', async () => {
  const first = `unix://${folder}/first.sock`;
  const second = `tcp://127.0.0.1:${await freePort()}`;
  const flags = ['--root', join(folder, 'root'), '--run', run, '--bridge', 'beup'];
  flags.push('--registry', `127.0.0.1:${await freePort()}`);
  const up = await capture(launcher, ['up', ...flags, '-H', first, `--host=${second}`], { env });
  assert.deepEqual([up.code, up.stdout], [0, `the daemon is running at ${first}\n`], up.stderr);
  for (const host of [first, second]) {
    assert.equal((await capture('docker', ['-H', host, 'version'], { env })).code, 0);
    assert.equal((await capture(launcher, ['-H', host, 'jobs'], { env })).code, 0);
  }
  assert.ok(!existsSync(join(run, 'berth.sock')));
  const both = await capture(launcher, ['jobs', '-H', first, '-H', second], { env });
  assert.equal(both.stderr, 'berth: read flags: only one --host can be talked to\n');
  const down = await capture(launcher, ['down', '--run', run, '--containers', '-H', first], {
    env,
  });
  assert.deepEqual([down.code, down.stdout, down.stderr], [0, '', '']);
  assert.ok(!existsSync(join(run, 'berth.pid')));
});

test('berth down ends nobody else, whose number a killed daemon had', async () => {
  mkdirSync(run, { recursive: true });
  const stranger = spawn('sleep', ['1000']);
  for (const text of [`${stranger.pid}\n`, '']) {
    writeFileSync(join(run, 'berth.pid'), text);
    const { code, stdout } = await capture(launcher, ['down', '--run', run], { env });
    assert.deepEqual([code, stdout], [0, 'the daemon is not running\n']);
  }
  assert.equal(stranger.exitCode ?? stranger.signalCode, null);
  stranger.kill();
});

test('a daemon that cannot listen everywhere ends and says so', async () => {
  const port = await freePort();
  const flags = ['--root', join(folder, 'root2'), '--run', join(folder, 'run2')];
  flags.push('--bridge', 'beup2', '--registry', `127.0.0.1:${port}`);
  const hosts = ['--host', `unix://${folder}/a.sock`, '--host', `tcp://127.0.0.1:${port}`];
  const { code, stderr } = await capture(launcher, ['daemon', ...flags, ...hosts], { env });
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`listen on 127.0.0.1:${port}: address already in use`));
});
