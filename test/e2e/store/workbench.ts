import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  type ByteStream,
  collect,
  type Digest,
  digestOf,
  streamOf,
} from '../../../src/core/index.ts';
import { type NewTarEntry, type NewTarMember, writeTar } from '../../../src/image/index.ts';
import type { Overlays } from '../../../src/linux/index.ts';
import { openContentStore } from '../../../src/store/content/file-content-store.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { openSnapshots } from '../../../src/store/snapshots/overlay-snapshots.ts';
import { createWorkerPool } from '../../../src/store/threads/worker-pool.ts';

/** A store in a folder of its own, to be closed and opened again as a restart would. */
export async function openWorkbench(
  options: { rootPath?: string; overlays?: Overlays; bootId?: string } = {},
) {
  const rootPath = options.rootPath ?? mkdtempSync(join(tmpdir(), 'berth-store-'));
  const database = openDatabase(join(rootPath, 'berth.db'));
  const pool = createWorkerPool({ idleMs: 500 });
  const content = await openContentStore({ rootPath: join(rootPath, 'content') });
  const snapshots = await openSnapshots({
    rootPath: join(rootPath, 'snapshots'),
    database,
    content,
    pool,
    ...(options.overlays && { overlays: options.overlays }),
    ...(options.bootId && { bootId: options.bootId }),
  });
  async function close(): Promise<void> {
    await snapshots.settled();
    await snapshots[Symbol.asyncDispose]();
    await pool[Symbol.asyncDispose]();
    database[Symbol.dispose]();
  }
  async function destroy(): Promise<void> {
    await snapshots.recover({ existing: new Set(), running: new Set() });
    await close();
    assert.deepEqual(openFilesUnder(rootPath), []);
    assert.deepEqual(mountsUnder(rootPath), []);
    rmSync(rootPath, { recursive: true });
  }
  return { rootPath, database, pool, content, snapshots, close, destroy };
}

export type Workbench = Awaited<ReturnType<typeof openWorkbench>>;

/** A tar of the entries; `content` may be text. */
export async function tarOf(
  ...entries: (NewTarEntry & { content?: string | Uint8Array })[]
): Promise<Buffer> {
  const members = entries.map(({ content, ...entry }): NewTarMember => {
    const bytes = Buffer.from(content ?? '');
    return entry.type === 'file'
      ? { entry: { ...entry, sizeBytes: bytes.length }, content: [bytes] }
      : { entry };
  });
  return await collect(writeTar(members), 1e9);
}

/** Unpacks a layer's archive and puts it on a stack; gives the new stack. */
export async function addLayer(
  { snapshots }: Workbench,
  tar: Buffer,
  parent: Digest | null = null,
): Promise<Digest> {
  const unpacked = await snapshots.unpack(gzipped(tar));
  assert.equal(unpacked.diffId, digestOf(tar));
  return await snapshots.stack(unpacked, parent);
}

/** A layer with a file of each kind. */
export const baseTar = () =>
  tarOf(
    { path: 'etc/', type: 'directory', mode: 0o750, uid: 3, gid: 4, mtimeS: 1000 },
    {
      path: 'etc/passwd',
      type: 'file',
      mode: 0o640,
      content: 'root',
      uid: 1,
      gid: 2,
      mtimeS: 2000,
    },
    { path: 'etc/link', type: 'symlink', linkTarget: 'passwd', mtimeS: 3 },
    { path: 'usr/bin/su', type: 'file', mode: 0o4755, content: 'su', uid: 0, gid: 5 },
    { path: 'usr/bin/su2', type: 'hardlink', linkTarget: 'usr/bin/su' },
    { path: 'dev/null', type: 'character-device', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
    { path: 'run/fifo', type: 'fifo', mode: 0o600 },
    { path: 'tmp/', type: 'directory', mode: 0o1777 },
  );

/** The bytes in chunks of an odd size. */
export async function* inChunks(bytes: Uint8Array, sizeBytes = 60_001): ByteStream {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
}

export const plain = (bytes: Uint8Array) => streamOf(bytes);
export const gzipped = (bytes: Uint8Array) => inChunks(gzipSync(bytes));

/** Files below a folder that this process holds open, deleted ones too. */
export function openFilesUnder(path: string): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ''; // the one that lists them
      }
    })
    .filter((target) => target.startsWith(path));
}

/** Lines of this process's mount table below a folder. */
export function mountsUnder(path: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mount) => mount.startsWith(path));
}
