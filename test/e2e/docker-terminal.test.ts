import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildBusybox } from './harness/busybox.ts';
import { startDaemon, type TestDaemon } from './harness/daemon.ts';

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

interface Tmux {
  run(command: string): Promise<void>;
  type(...keys: string[]): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen, its trailing blanks cut, matches. */
  until(pattern: RegExp): Promise<void>;
  close(): void;
}

/** A terminal of 80 by 24, in a tmux server of its own. */
function openTmux({ folder, env }: TestDaemon): Tmux {
  const socket = join(folder, 'tmux');
  const call = (...args: string[]) =>
    execFileSync('tmux', ['-S', socket, ...args], { env, encoding: 'utf8' });
  call('new-session', '-d', '-x', '80', '-y', '24', 'env PS1="$ " sh');
  const screen = () =>
    call('capture-pane', '-p')
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd();
  const until = async (pattern: RegExp) => {
    for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
      const text = screen();
      if (pattern.test(text) || pattern.test(`${text} `)) return;
      await sleep(50);
    }
    assert.match(screen(), pattern);
  };
  return {
    async run(command) {
      call('send-keys', 'clear', 'Enter');
      await until(/^\$ $/);
      call('send-keys', command, 'Enter');
    },
    type: (...keys) => void call('send-keys', ...keys),
    resize: (columns, rows) =>
      void call('resize-window', '-x', String(columns), '-y', String(rows)),
    until,
    close: () => void call('kill-server'),
  };
}
