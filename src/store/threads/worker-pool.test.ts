import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { collect, digestOf } from '../../core/index.ts';
import { readTar, type TarMember } from '../../image/index.ts';
import { createWorkerPool } from './worker-pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-threads-'));
const pool = createWorkerPool({ mostThreads: 2, idleMs: 50 });
before(() => {
  mkdirSync(join(folder, 'many'));
  for (let index = 0; index < 40; index++) {
    writeFileSync(join(folder, 'many', `f${index}`), Buffer.alloc(200_000, index));
  }
});
after(async () => {
  await pool[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const archive = { directory: folder, withRoot: false };

test('more jobs than threads all get their turn', async () => {
  const path = join(folder, 'many');
  const sizes = await Promise.all(
    Array.from({ length: 7 }, () => pool.run('measure-tree', { path })),
  );
  assert.deepEqual(new Set(sizes), new Set([40 * 200_000]));
});

test('a job that fails throws here what it threw there', async () => {
  const path = join(folder, 'none');
  await assert.rejects(pool.run('measure-tree', { path }), { code: 'ENOENT' });
  await assert.rejects(pool.run('hash-diff', { directory: path, withRoot: false }), {
    name: 'Error',
    code: 'ENOENT',
  });
});

test('a job in a thread gives what the same job in place gives', async () => {
  const hashed = await pool.run('hash-diff', archive);
  const streamed = await collect(pool.stream('archive-diff', archive), 1e9);
  assert.equal(digestOf(streamed), hashed?.diffId);
  const names: string[] = [];
  async function* again() {
    yield streamed;
  }
  for await (const { entry } of readTar(again()) as AsyncIterable<TarMember>) {
    names.push(entry.path);
  }
  assert.equal(names.length, 41);
});

test('a reader who leaves early ends the job, early or late', async () => {
  for (const pieces of [1, 5, 15]) {
    let count = 0;
    for await (const _piece of pool.stream('archive-diff', archive)) {
      if (++count === pieces) break;
      await new Promise((resolve) => setTimeout(resolve, pieces === 5 ? 20 : 0));
    }
    assert.equal(count, pieces);
  }
});

test('an aborted signal cancels what runs and what waits', async () => {
  const abort = new AbortController();
  const { signal } = abort;
  async function* stalled() {
    yield new Uint8Array(300_000);
    await new Promise(() => {});
  }
  mkdirSync(join(folder, 'target'));
  const input = stalled();
  const directory = join(folder, 'target');
  const running = pool.run('unpack-tree', { directory }, { signal, input });
  const failed = assert.rejects(running, { kind: 'canceled' });
  setTimeout(() => abort.abort(), 50);
  await failed;
  await assert.rejects(pool.run('measure-tree', { path: folder }, { signal }), {
    name: 'AbortError',
  });
});

test('threads that were idle for long end, and new ones start', async () => {
  const path = join(folder, 'many');
  for (let round = 0; round < 4; round++) {
    await pool.run('measure-tree', { path });
    await new Promise((resolve) => setTimeout(resolve, 45 + round * 5));
  }
});

test('input that fails, fails the job', async () => {
  async function* broken() {
    yield Buffer.alloc(300_000);
    throw new Error('connection reset');
  }
  mkdirSync(join(folder, 'broken'));
  const options = { input: broken() };
  await assert.rejects(pool.run('unpack-tree', { directory: join(folder, 'broken') }, options), {
    message: /connection reset/,
  });
});

test('jobs that are fed by other jobs do not keep those from running', async () => {
  const busy = createWorkerPool({ mostThreads: 2, idleMs: 50 });
  try {
    const digests = await Promise.all(
      Array.from({ length: 4 }, (_, index) => {
        const path = join(folder, `packed-${index}`);
        writeFileSync(path, '');
        const input = busy.stream('archive-diff', { ...archive, directory: join(folder, 'many') });
        return busy.run('compress-blob', { path, level: 1 }, { input });
      }),
    );
    assert.equal(new Set(digests.map(({ digest }) => digest)).size, 1);
  } finally {
    await busy[Symbol.asyncDispose]();
  }
});
