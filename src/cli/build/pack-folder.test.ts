import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { collect } from '../../core/index.ts';
import { readTar } from '../../image/index.ts';
import { packFolder } from './pack-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-pack-'));
after(() => rmSync(folder, { recursive: true }));

function write(path: string, text = path): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

write('Dockerfile');
write('.dockerignore', '*\n!src\nsrc/secret\n!src/secret/kept\n');
write('src/a');
write('src/secret/x');
write('src/secret/kept');
write('skipped/deep/y');
write('sub/other.Dockerfile');
write('big', 'x'.repeat(3_000_000));
chmodSync(join(folder, 'src/a'), 0o750);
symlinkSync('../nowhere', join(folder, 'src/link'));

async function pack(options?: { dockerfilePath?: string }): Promise<string[]> {
  const lines: string[] = [];
  for await (const { entry, content } of readTar(packFolder(folder, options))) {
    const body = (await collect(content(), 10_000_000)).length;
    lines.push(
      `${entry.type} ${entry.path} ${entry.mode.toString(8)} ${body} ${entry.linkTarget}`.trim(),
    );
  }
  return lines;
}

test('an ignore file decides; the Dockerfile and itself are always there', async () => {
  assert.deepEqual(await pack({ dockerfilePath: join(folder, 'sub/other.Dockerfile') }), [
    'file .dockerignore 644 35',
    'directory src/ 755 0',
    'file src/a 750 5',
    'symlink src/link 777 0 ../nowhere',
    'file src/secret/kept 644 15',
    'file sub/other.Dockerfile 644 20',
  ]);
});

test("a Dockerfile's own ignore file comes before the folder's", async () => {
  write('own.Dockerfile');
  write('own.Dockerfile.dockerignore', '*\n!big\n');
  assert.deepEqual(await pack({ dockerfilePath: join(folder, 'own.Dockerfile') }), [
    'file big 644 3000000',
    'file own.Dockerfile 644 14',
    'file own.Dockerfile.dockerignore 644 7',
  ]);
});
