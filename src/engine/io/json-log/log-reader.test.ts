import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { LogLine, LogOptions } from '../../containers/containers.ts';
import { encodeEntry, formatTime } from './json-line.ts';
import { type LogGrowth, readLog } from './log-reader.ts';

const second = 1_000_000_000n;
const entry = (text: string, { at = 0n, stream = 'stdout' as 'stdout' | 'stderr' } = {}) =>
  encodeEntry(Buffer.from(text), { stream, time: formatTime(at), attributes: '' });
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`);
const both: LogOptions = { stdout: true, stderr: true, follow: false };

describe('readLog', () => {
  let folder = '';
  let path = '';
  const read = async (options: Partial<LogOptions> = {}, maxFiles = 1) => {
    const texts: string[] = [];
    for await (const { bytes } of readLog({ path, maxFiles }, { ...both, ...options })) {
      texts.push(Buffer.from(bytes).toString());
    }
    return texts;
  };
  const write = (name: string, texts: readonly string[]) =>
    writeFileSync(name, texts.map((text) => entry(text)).join(''));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-log-'));
    path = join(folder, 'log');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('reads all there is, and nothing of a log that was never begun', async () => {
    assert.deepEqual(await read(), []);
    write(path, lines(0, 3));
    assert.deepEqual(await read(), lines(0, 3));
  });

  it('leaves out what is broken, and a line not yet whole', async () => {
    writeFileSync(path, `${entry('a\n')}garbage\n${entry('b\n')}{"log":"ha`);
    assert.deepEqual(await read(), ['a\n', 'b\n']);
  });

  it('gives stream, time and bytes', async () => {
    writeFileSync(path, entry('x', { at: 5n * second + 20n, stream: 'stderr' }));
    const [line] = await Array.fromAsync(readLog({ path, maxFiles: 1 }, both));
    assert.deepEqual(line, {
      stream: 'stderr',
      time: '1970-01-01T00:00:05.00000002Z',
      bytes: Buffer.from('x'),
    });
    assert.deepEqual(await read({ stderr: false }), []);
  });

  for (const tail of [0, 1, 2, 999, 1000, 1001, 5000]) {
    it(`finds the last ${tail} lines of many without reading the rest`, async () => {
      write(path, lines(0, 2000));
      assert.deepEqual(await read({ tail }), lines(2000 - Math.min(tail, 2000), 2000));
    });
  }

  it('finds a tail of lines longer than a block', async () => {
    const long = ['a', 'b', 'c'].map((letter) => `${letter.repeat(200_000)}\n`);
    write(path, long);
    assert.deepEqual(await read({ tail: 2 }), long.slice(1));
  });

  it('reads rotated files first, compressed ones too, also for a tail', async () => {
    writeFileSync(
      `${path}.2.gz`,
      gzipSync(
        lines(0, 5)
          .map((text) => entry(text))
          .join(''),
      ),
    );
    write(`${path}.1`, lines(5, 8));
    write(path, lines(8, 10));
    assert.deepEqual(await read({}, 3), lines(0, 10));
    assert.deepEqual(await read({ tail: 7 }, 3), lines(3, 10));
    assert.deepEqual(await read({ tail: 5 }, 3), lines(5, 10));
  });

  it('keeps to since and until, to the nanosecond', async () => {
    const at = [1n, 2n, 3n, 4n].map((seconds) => seconds * second + 500_000n);
    writeFileSync(path, at.map((time, index) => entry(`${index}\n`, { at: time })).join(''));
    assert.deepEqual(await read({ sinceMs: 2000.5, untilMs: 3000.5 }), ['1\n', '2\n']);
    assert.deepEqual(await read({ sinceMs: 2000.6, untilMs: 3000.4 }), []);
    assert.deepEqual(await read({ sinceMs: 2000, tail: 1 }), ['3\n']);
  });

  describe('following', () => {
    /** A log being written by the test. */
    function growing() {
      const listeners = new Set<() => void>();
      let isOpen = true;
      const growth: LogGrowth = {
        async watch(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        get isOpen() {
          return isOpen;
        },
      };
      const ring = () => {
        for (const listener of listeners) listener();
      };
      const close = () => {
        isOpen = false;
        ring();
      };
      return { growth, ring, close, listeners };
    }
    async function take(reader: AsyncGenerator<LogLine>, count: number): Promise<string[]> {
      const texts: string[] = [];
      while (texts.length < count) {
        const { value, done } = await reader.next();
        if (done) throw new Error('the log ended');
        texts.push(Buffer.from(value.bytes).toString());
      }
      return texts;
    }

    it('goes on with what comes and ends with the log', async () => {
      write(path, lines(0, 2));
      const log = growing();
      const reader = readLog({ path, maxFiles: 1 }, { ...both, follow: true, tail: 1 }, log.growth);
      assert.deepEqual(await take(reader, 1), ['line 1\n']);
      const next = take(reader, 1);
      appendFileSync(path, entry('line 2\n'));
      log.ring();
      assert.deepEqual(await next, ['line 2\n']);
      appendFileSync(path, entry('last'));
      log.close();
      assert.deepEqual(await take(reader, 1), ['last']);
      assert.equal((await reader.next()).done, true);
      assert.equal(log.listeners.size, 0);
    });

    it('passes through several rotations at once', async () => {
      write(path, lines(0, 1));
      const log = growing();
      const reader = readLog({ path, maxFiles: 4 }, { ...both, follow: true }, log.growth);
      assert.deepEqual(await take(reader, 1), lines(0, 1));
      appendFileSync(path, entry('line 1\n'));
      renameSync(path, `${path}.1`);
      write(path, lines(2, 4));
      renameSync(`${path}.1`, `${path}.2`);
      renameSync(path, `${path}.1`);
      write(path, lines(4, 5));
      log.ring();
      assert.deepEqual(await take(reader, 4), lines(1, 5));
      log.close();
      assert.equal((await reader.next()).done, true);
    });

    it('goes on when the only file was emptied', async () => {
      write(path, lines(0, 3));
      const log = growing();
      const reader = readLog({ path, maxFiles: 1 }, { ...both, follow: true }, log.growth);
      await take(reader, 3);
      truncateSync(path, 0);
      appendFileSync(path, entry('line 3\n'));
      log.ring();
      assert.deepEqual(await take(reader, 1), ['line 3\n']);
      await reader.return(undefined);
    });

    it('ends when its reader goes, and at the time asked for', async () => {
      write(path, lines(0, 1));
      const log = growing();
      const aborter = new AbortController();
      const options = { ...both, follow: true };
      const reader = readLog(
        { path, maxFiles: 1 },
        { ...options, signal: aborter.signal },
        log.growth,
      );
      await take(reader, 1);
      const rest = reader.next();
      aborter.abort();
      assert.equal((await rest).done, true);
      const untilMs = Date.now() + 20;
      const timed = readLog({ path, maxFiles: 1 }, { ...options, untilMs }, log.growth);
      await take(timed, 1);
      assert.equal((await timed.next()).done, true);
    });

    it('does not wait for a log that has ended', async () => {
      write(path, lines(0, 1));
      const log = growing();
      log.close();
      const all = readLog({ path, maxFiles: 1 }, { ...both, follow: true }, log.growth);
      assert.equal((await Array.fromAsync(all)).length, 1);
    });
  });
});
