import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFifo, openFifoReader } from '../../src/linux/index.ts';

const kills = 12;

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
      const end = openSync(fifo, 'w');
      const printer = spawn('seq', ['1', '1000000000'], { stdio: ['ignore', end, 'inherit'] });
      closeSync(end);
      for (let kill = 0; kill < kills; kill++) {
        const daemon = start();
        const exited = once(daemon, 'exit');
        await said(daemon, 'open');
        await sleep(3 + 7 * (kill % 5));
        daemon.kill('SIGKILL');
        assert.deepEqual(await exited, [null, 'SIGKILL'], 'it ends by nothing else');
      }
      printer.kill();
      await said(start(), 'closed');
      closeSync(held);
      const { count, rest } = await countInOrder(log);
      // The printer was cut off in the middle of a line.
      assert.ok(String(count + 1).startsWith(rest), `"${rest}" after ${count} lines`);
      assert.ok(count > 0);
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

/** Checks that every entry but the last is the next line; gives how many, and what the last holds. */
async function countInOrder(log: string): Promise<{ count: number; rest: string }> {
  const name = log.slice(log.lastIndexOf('/') + 1);
  const number = (file: string) => Number(file.slice(name.length + 1) || 0);
  const files = readdirSync(join(log, '..'))
    .filter((file) => file === name || file.startsWith(`${name}.`))
    .sort((a, b) => number(b) - number(a));
  let count = 0;
  let rest = '';
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(join(log, '..', file)) })) {
      assert.equal(rest, '', `only the last line is cut, not one in ${file}`);
      const { log: text } = JSON.parse(line) as { log: string };
      if (!text.endsWith('\n')) {
        rest = text;
        continue;
      }
      count++;
      assert.equal(text, `${count}\n`, `in ${file}`);
    }
  }
  return { count, rest };
}
