import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, test } from 'node:test';
import { collect, digestHex } from '../../../src/core/index.ts';
import { openDatabase, openStore } from '../../../src/store/index.ts';
import { pullImage } from './sample-images.ts';
import { mountsUnder } from './workbench.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-crash-'));
});
afterEach(() => {
  assert.deepEqual(mountsUnder(folder), []);
  rmSync(folder, { recursive: true });
});

/** Runs the busy process until it has said `lines` lines, then kills it some milliseconds later. */
async function crash(lines: number, afterMs: number): Promise<void> {
  const program = join(import.meta.dirname, 'busy-store.ts');
  const child = spawn(process.execPath, [program, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = createInterface(child.stdout);
  let count = 0;
  for await (const line of said) {
    assert.match(line, /^(ready|round)/);
    if (++count === lines) break;
  }
  assert.equal(count, lines, 'the busy process ended by itself');
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function fileDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** All that is there must be whole, and nothing there that is not accounted for. */
async function check(): Promise<void> {
  const database = openDatabase(join(folder, 'berth.db'));
  const store = await openStore({ rootPath: folder, database });
  try {
    await store.snapshots.recover({ existing: new Set(), running: new Set() });
    assert.deepEqual(mountsUnder(folder), []);
    await store.snapshots.settled();
    for (const empty of ['active', 'staging', 'trash', 'views']) {
      assert.deepEqual(readdirSync(join(folder, 'snapshots', empty)), [], empty);
    }
    const layers = await store.snapshots.list();
    assert.equal(readdirSync(join(folder, 'snapshots/layers')).length, layers.length);
    for (const { chain } of layers) {
      await collect(store.snapshots.archive(chain), 1e8);
      await using view = await store.snapshots.view(chain);
      readdirSync(view.rootPath);
    }
    for await (const { digest } of store.content.list()) {
      assert.equal(await fileDigest(store.content.pathOf(digest)), digestHex(digest));
    }
    for (const image of await store.images.list()) {
      const { bytes } = await store.images.source(image.id).root();
      assert(bytes.length > 0);
    }
    // It goes on working, also with uploads that were begun before.
    await pullImage(store.images, 'after:crash', ['base', 'w1', 'after']);
    for (const { id, offset } of await store.content.ingests()) {
      await using upload = await store.content.ingest(id);
      assert.equal(upload.offset, offset);
      await upload.commit();
    }
    for (const { id } of await store.images.list()) await store.images.delete(id);
    await store.collectGarbage({ graceMs: -1 });
    assert.deepEqual(await store.snapshots.list(), []);
    await store.snapshots.settled();
    assert.deepEqual(readdirSync(join(folder, 'snapshots/layers')), []);
    assert.deepEqual(readdirSync(join(folder, 'content/blobs/sha256')), []);
  } finally {
    await store[Symbol.asyncDispose]();
    database[Symbol.dispose]();
  }
}

for (const [lines, afterMs] of [
  [1, 30],
  [2, 0],
  [4, 45],
  [7, 13],
  [9, 77],
] as const) {
  test(`killed ${afterMs} ms after its line ${lines}: all that is stored is whole`, async () => {
    await crash(lines, afterMs);
    await check();
  });
}

test('killed again and again without a look in between', async () => {
  for (const afterMs of [120, 250, 60]) await crash(1, afterMs);
  await check();
});
