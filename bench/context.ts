import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './open-bench.ts';
import { run } from './processes.ts';

/** A build context with one Dockerfile, made or changed; gives its folder. */
export async function writeContext(
  bench: Bench,
  name: string,
  dockerfile: string,
): Promise<string> {
  const folder = join(bench.folder, 'contexts', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  return folder;
}

/** `count` files of 1 KiB, 100 to a folder: `d0/f0`, `d0/f1`, … */
export async function writeSmallFiles(folder: string, count: number): Promise<void> {
  const text = Buffer.alloc(1024, 'small file\n');
  for (let first = 0; first < count; first += 100) {
    const path = join(folder, `d${first / 100}`);
    await mkdir(path, { recursive: true });
    await Promise.all(
      Array.from({ length: Math.min(100, count - first) }, (_, i) =>
        writeFile(join(path, `f${i}`), Buffer.concat([Buffer.from(`${first + i}\n`), text])),
      ),
    );
  }
}

/** A file as compressible as programs are: half noise, half text. */
export async function writeLargeFile(path: string, sizeBytes: number): Promise<void> {
  const half = sizeBytes / 2;
  await run('sh', [
    '-c',
    `{ head -c ${half} /dev/urandom; base64 -w 80 /dev/urandom | head -c ${half}; } >"$0"`,
    path,
  ]);
}

/** Overwrites the beginning of a file, so that nobody has seen it before. */
export async function changeStart(path: string, salt: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(`${salt}\n`, 0);
  await file.close();
}
