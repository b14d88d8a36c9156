import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFifo, openFifoReader } from '../../src/linux/index.ts';

const lineCount = 800_000;

describe('a daemon killed again and again while a container prints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-crash-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const [what, limits] of [
    ['one log file', { maxFiles: 1 }],
    ['a log that rotates', { maxFiles: 1000, maxSizeBytes: 4 << 20 }],
  ] as const) {
    it(`logs every line once, in order, in ${what}`, async () => {
      const fifo = join(folder, `fifo-${limits.maxFiles}`);
      const log = join(folder, `log-${limits.maxFiles}`);
      makeFifo(fifo);
      const held = openFifoReader(fifo);
      const options = JSON.stringify({
        id: 'c',
        fifos: { stdout: fifo },
        journalPath: join(folder, 'journal'),
        log: { path: log, compress: false, attributes: '', ...limits },
        resume: true,
      });
      const start = () =>
        spawn(process.execPath, [join(import.meta.dirname, 'output-daemon.ts'), options], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
      const printer = spawn('sh', ['-c', `exec seq 1 ${lineCount} > "$0"`, fifo]);
      let kills = 0;
      for (;;) {
        const daemon = start();
        const exited = once(daemon, 'exit');
        await said(daemon, 'open');
        await sleep(3 + 7 * (kills % 5));
        daemon.kill('SIGKILL');
        const [code] = await exited;
        if (code === 0) break;
        kills++;
      }
      assert.ok(kills > 5, `killed ${kills} times`);
      closeSync(held);
      assert.equal(printer.exitCode, 0);
      assert.equal(await countInOrder(log), lineCount);
      assert.ok(!existsSync(join(folder, 'journal')));
    });
  }
});

/** Resolves when the process has printed the word; throws when it ends before. */
async function said(child: ChildProcess, word: string): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line === word) return;
  }
  throw new Error(`ended before it said "${word}"`);
}

async function countInOrder(log: string): Promise<number> {
  const name = log.slice(log.lastIndexOf('/') + 1);
  const number = (file: string) => Number(file.slice(name.length + 1) || 0);
  const files = readdirSync(join(log, '..'))
    .filter((file) => file === name || file.startsWith(`${name}.`))
    .sort((a, b) => number(b) - number(a));
  let count = 0;
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(join(log, '..', file)) })) {
      count++;
      assert.equal(line.slice(0, line.indexOf(',')), `{"log":"${count}\\n"`, `in ${file}`);
    }
  }
  return count;
}
