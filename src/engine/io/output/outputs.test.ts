import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { growPipe, makeFifo, openFifoReader } from '../../../linux/index.ts';
import type { OutputChunk } from './chunk-queue.ts';
import type { LogTarget, OpenOptions } from './messages.ts';
import { createOutputs, type Outputs } from './outputs.ts';

interface Entry {
  log: string;
  stream: string;
  time: string;
}

describe('Outputs', () => {
  let folder = '';
  let outputs: Outputs;
  const at = (name: string) => join(folder, name);
  const open = (more: Partial<OpenOptions> = {}, log: Partial<LogTarget> = {}) =>
    outputs.open({
      id: 'c',
      fifos: { stdout: at('out'), stderr: at('err') },
      journalPath: at('journal'),
      log: { path: at('log'), maxFiles: 1, compress: false, attributes: '', ...log },
      resume: false,
      ...more,
    });
  const entries = (name = 'log'): Entry[] =>
    readFileSync(at(name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const logs = (name?: string) => entries(name).map(({ log }) => log);
  /** The writing ends, as the shim holds them. */
  const writers = () => [openSync(at('out'), 'w'), openSync(at('err'), 'w')] as const;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-output-'));
    makeFifo(at('out'));
    makeFifo(at('err'));
    outputs = createOutputs({ onFailure: (error) => assert.fail(error) });
  });
  afterEach(async () => {
    await outputs[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it('logs both streams, passes them on and clears up', async () => {
    await open();
    const { chunks } = await outputs.listen('c', { mayHoldBack: true, afterLog: false });
    const [out, err] = writers();
    writeSync(out, 'one\ntwo');
    writeSync(err, 'oops\n');
    writeSync(out, '!\nrest');
    closeSync(out);
    closeSync(err);
    await outputs.ended('c');
    assert.deepEqual(
      entries()
        .map(({ log, stream }) => [stream, log])
        .sort(),
      [
        ['stderr', 'oops\n'],
        ['stdout', 'one\n'],
        ['stdout', 'rest'],
        ['stdout', 'two!\n'],
      ],
    );
    assert.deepEqual(await together(chunks), { stdout: 'one\ntwo!\nrest', stderr: 'oops\n' });
    await outputs.close('c');
    assert.ok(!existsSync(at('journal')));
    await assert.rejects(outputs.listen('c', { mayHoldBack: true, afterLog: false }), /has none/);
  });

  it('gives a listener that comes later what comes later', async () => {
    await open();
    const [out] = writers();
    const first = await outputs.listen('c', { mayHoldBack: true, afterLog: false });
    writeSync(out, 'early\n');
    for await (const { bytes } of first.chunks) {
      assert.equal(Buffer.from(bytes).toString(), 'early\n');
      break;
    }
    first.stop();
    const second = await outputs.listen('c', { mayHoldBack: true, afterLog: false });
    writeSync(out, 'late\n');
    closeSync(out);
    await outputs.close('c');
    assert.equal((await together(second.chunks)).stdout, 'late\n');
  });

  it('rotates near the size limit and keeps as many files as asked for', async () => {
    await open({}, { maxSizeBytes: 4096, maxFiles: 3 });
    const [out] = writers();
    const all = Array.from({ length: 300 }, (_, index) => `line ${index}\n`);
    for (const line of all) writeSync(out, line);
    await outputs.close('c');
    closeSync(out);
    assert.deepEqual(
      readdirSync(folder)
        .filter((name) => name.startsWith('log'))
        .sort(),
      ['log', 'log.1', 'log.2'],
    );
    const kept = [...logs('log.2'), ...logs('log.1'), ...logs()];
    assert.deepEqual(kept, all.slice(-kept.length));
    for (const name of ['log', 'log.1', 'log.2']) {
      const { length } = readFileSync(at(name));
      assert.ok(length < 4096 + 400, `${name} has ${length} bytes`);
    }
  });

  it('begins the only file anew when just one may be kept', async () => {
    await open({}, { maxSizeBytes: 2048, maxFiles: 1 });
    const [out] = writers();
    for (let index = 0; index < 100; index++) writeSync(out, `line ${index}\n`);
    await outputs.close('c');
    closeSync(out);
    assert.equal(logs().at(-1), 'line 99\n');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('log')),
      ['log'],
    );
  });

  it('compresses what it rotated', async () => {
    await open({}, { maxSizeBytes: 4096, maxFiles: 2, compress: true });
    const [out] = writers();
    for (let index = 0; index < 60; index++) writeSync(out, `line ${index}\n`);
    await outputs.close('c');
    closeSync(out);
    while (!existsSync(at('log.1.gz')) || existsSync(at('log.1'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.match(gunzipSync(readFileSync(at('log.1.gz'))).toString(), /^\{"log":"line 0\\n"/);
  });

  it('neither stops for a slow listener nor loses what it lacks', async () => {
    await open({ log: undefined });
    const slow = await outputs.listen('c', { mayHoldBack: false, afterLog: false });
    const [out, err] = writers();
    closeSync(err);
    const block = Buffer.alloc(1 << 16, 'x');
    const blocks = 200;
    for (let index = 0; index < blocks; index++) writeSync(out, block);
    closeSync(out);
    await outputs.ended('c');
    await outputs.close('c');
    assert.ok(existsSync(at('journal')), 'kept until the listener has had it');
    let sizeBytes = 0;
    for await (const { bytes } of slow.chunks) sizeBytes += bytes.length;
    assert.equal(sizeBytes, blocks * block.length);
    await open();
    assert.ok(existsSync(at('journal')));
  });

  it('goes on where a daemon before left it, without loss or repetition', async () => {
    await open();
    const [out, err] = writers();
    const holder = openSync(at('out'), 'r');
    writeSync(out, 'before\nhal');
    await settled(() => logs().length === 1);
    await outputs[Symbol.asyncDispose]();

    writeSync(out, 'f a line\nwhile nobody was there\n');
    closeSync(out);
    closeSync(err);
    outputs = createOutputs({ onFailure: (error) => assert.fail(error) });
    await open({ resume: true });
    await outputs.ended('c');
    closeSync(holder);
    assert.deepEqual(logs(), ['before\n', 'half a line\n', 'while nobody was there\n']);
  });

  it('finds the end of a stream that left exactly as much as is taken at once', async () => {
    const holders = ['out', 'err'].map((name) => openFifoReader(at(name)));
    growPipe(holders[0]!, 1 << 20);
    const [out, err] = writers();
    writeSync(out, `${'x'.repeat(1023)}\n`.repeat(64));
    closeSync(out);
    closeSync(err);
    await open({ resume: true });
    await outputs.ended('c');
    assert.equal(logs().length, 64);
    for (const fd of holders) closeSync(fd);
  });

  it('cuts entries that were written but not accounted for', async () => {
    await open();
    const [out] = writers();
    writeSync(out, 'one\n');
    await settled(() => logs().length === 1);
    await outputs[Symbol.asyncDispose]();
    const log = openSync(at('log'), 'a');
    writeSync(log, '{"log":"never accounted for\\n","stream":"stdout","ti');
    closeSync(log);
    outputs = createOutputs({ onFailure: (error) => assert.fail(error) });
    await open({ resume: true });
    writeSync(out, 'two\n');
    closeSync(out);
    await outputs.close('c');
    assert.deepEqual(logs(), ['one\n', 'two\n']);
  });

  it('adds to the log of earlier runs', async () => {
    for (const text of ['first\n', 'second\n']) {
      await open();
      const [out] = writers();
      writeSync(out, text);
      closeSync(out);
      await outputs.close('c');
    }
    assert.deepEqual(logs(), ['first\n', 'second\n']);
  });

  it('tells when the log grows, while someone wants to know', async () => {
    await open();
    const [out] = writers();
    const grown = Promise.withResolvers<void>();
    const stop = await outputs.watchLog('c', grown.resolve);
    writeSync(out, 'x\n');
    await grown.promise;
    assert.deepEqual(logs(), ['x\n']);
    stop();
    closeSync(out);
  });

  it('has a thread only while something is open', async () => {
    await outputs[Symbol.asyncDispose]();
    outputs = createOutputs({ onFailure: (error) => assert.fail(error), idleMs: 1 });
    for (const text of ['first\n', 'second\n']) {
      assert.ok(!hasThread());
      await open();
      const { chunks } = await outputs.listen('c', { mayHoldBack: true, afterLog: false });
      const [out, err] = writers();
      for (const fd of [out, err]) writeSync(fd, text);
      for (const fd of [out, err]) closeSync(fd);
      await outputs.close('c');
      assert.ok(hasThread(), 'a listener still lacks its share');
      assert.deepEqual(await together(chunks), { stdout: text, stderr: text });
      await settled(() => !hasThread());
    }
  });

  it('says what cannot be opened and stays usable', async () => {
    await assert.rejects(open({ fifos: { stdout: at('none') } }), /no such file or directory/);
    await open();
  });

  it('does not keep a process from ending', async () => {
    const module = JSON.stringify(new URL('./outputs.ts', import.meta.url).href);
    const script = `import { createOutputs } from ${module}; createOutputs({ onFailure() {} }).getReady(); console.log('done');`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '-e', script],
      { timeout: 10_000 },
    );
    assert.equal(stdout, 'done\n');
  });
});

/** Whether a thread that takes output is there. */
function hasThread(): boolean {
  const threads = readdirSync('/proc/self/task');
  return threads.some((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8') === 'output\n');
}

async function together(chunks: AsyncIterable<OutputChunk>): Promise<Record<string, string>> {
  const streams: Record<string, string> = { stdout: '', stderr: '' };
  for await (const { stream, bytes } of chunks) streams[stream] += Buffer.from(bytes).toString();
  return streams;
}

async function settled(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
