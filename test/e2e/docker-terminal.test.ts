import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildBusybox } from './harness/busybox.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';
import { openTmux, type Tmux } from './harness/tmux.ts';

let daemon: TestDaemon;
let tmux: Tmux;
before(async () => {
  daemon = await startDaemon();
  await buildBusybox(daemon);
  tmux = openTmux(daemon);
});
after(async () => {
  tmux.close();
  await daemon[Symbol.asyncDispose]();
});

test('a terminal: size, Ctrl-C, exit code', async () => {
  await tmux.run('docker run --rm -it --name tty busybox sh; echo "exit=$?"');
  await tmux.until(/\/ # $/);
  tmux.type('stty size', 'Enter');
  await tmux.until(/^24 80$/m);
  tmux.resize(100, 30);
  await sleep(300);
  tmux.type('stty size', 'Enter');
  await tmux.until(/^30 100$/m);
  tmux.type('sleep 100', 'Enter');
  await sleep(300);
  tmux.type('C-c');
  tmux.type('exit 5', 'Enter');
  await tmux.until(/^exit=5$/m);
});

test('detach keys leave the container running, attach comes back', async () => {
  await tmux.run('docker run -it --name kept busybox sh; echo "left=$?"');
  await tmux.until(/\/ # $/);
  tmux.type('C-p', 'C-q');
  await tmux.until(/left=0$/m);
  assert.equal(await daemon.ok('inspect', '-f', '{{.State.Running}}', 'kept'), 'true');
  await tmux.run('docker attach kept; echo "back=$?"');
  tmux.type('echo again', 'Enter');
  await tmux.until(/^again$/m);
  tmux.type('exit 2', 'Enter');
  await tmux.until(/^back=2$/m);
  await daemon.ok('rm', 'kept');
});

test('exec -it has a terminal of its own', async () => {
  const id = await daemon.ok('run', '-d', 'busybox', 'sleep', '100');
  await tmux.run(`docker exec -it ${id} sh; echo "exec=$?"`);
  await tmux.until(/\/ # $/);
  tmux.type('tty; exit 6', 'Enter');
  await tmux.until(/\/dev\/pts\/\d/);
  await tmux.until(/^exec=6$/m);
  await daemon.ok('rm', '-f', id);
});
