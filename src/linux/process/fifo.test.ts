import assert from 'node:assert/strict';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import {
  makeFifo,
  openFifoBothWays,
  openFifoReader,
  openWrittenFifoReader,
  punchFile,
  spliceToFile,
} from './fifo.ts';
import { openEventFd, Poller } from './poller.ts';

describe('fifos', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-fifo-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('moves bytes to any offset of a file and tells an empty pipe from a finished one', () => {
    makeFifo(join(folder, 'pipe'));
    const reader = openFifoReader(join(folder, 'pipe'));
    const writer = openFifoBothWays(join(folder, 'pipe'));
    const file = openSync(join(folder, 'file'), 'w+');
    assert.equal(spliceToFile(reader, file, { offset: 0, lengthBytes: 10 }), 'empty');
    writeSync(writer, 'hello world');
    assert.equal(spliceToFile(reader, file, { offset: 3, lengthBytes: 5 }), 5);
    assert.equal(spliceToFile(reader, file, { offset: 8, lengthBytes: 100 }), 6);
    closeSync(writer);
    assert.equal(spliceToFile(reader, file, { offset: 0, lengthBytes: 10 }), 0);
    assert.equal(readFileSync(join(folder, 'file'), 'latin1'), '\0\0\0hello world');
    for (const fd of [reader, file]) closeSync(fd);
  });

  it('keeps what was written while any reader holds the pipe open', () => {
    makeFifo(join(folder, 'pipe'));
    const holder = openFifoReader(join(folder, 'pipe'));
    const writer = openSync(join(folder, 'pipe'), 'w');
    writeSync(writer, 'last words');
    closeSync(writer);
    const late = openFifoReader(join(folder, 'pipe'));
    const words = Buffer.alloc(20);
    assert.equal(words.toString('utf8', 0, readSync(late, words)), 'last words');
    for (const fd of [holder, late]) closeSync(fd);
  });

  it('reports the end of a pipe whose writers went before it was opened', () => {
    makeFifo(join(folder, 'pipe'));
    const holder = openFifoReader(join(folder, 'pipe'));
    closeSync(openSync(join(folder, 'pipe'), 'w'));
    const late = openWrittenFifoReader(join(folder, 'pipe'));
    const poller = new Poller();
    poller.add(late);
    assert.deepEqual(poller.wait(-1), [late]);
    for (const fd of [holder, late]) closeSync(fd);
  });

  it('refuses a file that is no fifo', () => {
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => openFifoReader(join(folder, 'file')), { kind: 'invalid' });
    assert.throws(() => makeFifo(join(folder, 'file')), { code: 'EEXIST' });
  });

  it('punches a hole without moving what follows', () => {
    const file = openSync(join(folder, 'file'), 'w+');
    writeSync(file, Buffer.alloc(8192, 'x'));
    punchFile(file, 0, 4096);
    const bytes = readFileSync(join(folder, 'file'));
    assert.deepEqual([bytes.length, bytes[4095], bytes[4096]], [8192, 0, 0x78]);
    closeSync(file);
  });
});

describe('Poller', () => {
  it('reports what can be read, and only while it is watched', () => {
    using poller = new Poller();
    const [one, two] = [openEventFd(), openEventFd()];
    poller.add(one);
    poller.add(two);
    assert.deepEqual(poller.wait(0), []);
    writeSync(two, Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]));
    assert.deepEqual(poller.wait(-1), [two]);
    poller.remove(two);
    assert.deepEqual(poller.wait(0), []);
    for (const fd of [one, two]) closeSync(fd);
  });
});
