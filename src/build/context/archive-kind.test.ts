import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { collect, streamOf } from '../../core/index.ts';
import { contextTar } from '../testing/build-kit.ts';
import { createArchives } from './archive-kind.ts';

test('archives are told by what is in them, whatever they are called', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'archives-'));
  const tar = await collect(contextTar({ f: 'x' }), 1 << 20);
  const old = Buffer.from(tar);
  old.fill(0, 257, 265);
  old.write('        ', 148);
  const sum = old.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  old.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const cases: [what: string, bytes: Buffer, isTar: boolean][] = [
    ['a tar', tar, true],
    ['a tar of the seventies', old, true],
    ['gzip', gzipSync(tar), true],
    ['zstd', zstdCompressSync(tar), true],
    ['a compressed text', gzipSync('text'), false],
    ['a text', Buffer.from('text'.repeat(500)), false],
    ['nothing', Buffer.alloc(0), false],
    ['zeros', Buffer.alloc(2048), false],
    ['cut gzip', gzipSync(tar).subarray(0, 20), false],
    ['xz, as the program says', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2]), true],
  ];
  const { isTar } = createArchives({ decompress: () => streamOf(tar) });
  for (const [what, bytes, expected] of cases) {
    writeFileSync(join(folder, 'file'), bytes);
    assert.equal(await isTar(join(folder, 'file'), new AbortController().signal), expected, what);
  }
  rmSync(folder, { recursive: true });
});
