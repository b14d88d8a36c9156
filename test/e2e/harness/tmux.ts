import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDaemon } from './daemon.ts';

/** What somebody sees and types at a terminal. */
export interface Tmux {
  run(command: string): Promise<void>;
  type(...keys: string[]): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen, its trailing blanks cut, matches; gives it. */
  until(pattern: RegExp): Promise<string>;
  close(): void;
}

/** A terminal of 80 by 24, in a tmux server of its own. */
export function openTmux({ folder, env }: TestDaemon): Tmux {
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
      if (pattern.test(text) || pattern.test(`${text} `)) return text;
      await sleep(50);
    }
    const last = screen();
    assert.match(last, pattern);
    return last;
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
