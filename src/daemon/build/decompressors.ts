import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import type { Decompressors } from '../../build/index.ts';
import { type ByteStream, errnoCode, invalid, unavailable } from '../../core/index.ts';

/** Decompresses with the programs `xz` and `bzip2`, one process for each stream. */
export function createDecompressors(): Decompressors {
  return { decompress };
}

async function* decompress(
  compression: 'xz' | 'bzip2',
  stream: ByteStream,
  signal: AbortSignal,
): ByteStream {
  const child = spawn(compression, ['-d', '-c'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const started = once(child, 'spawn');
  // The program's own exit says more than a pipe it closed.
  const feeding = pipeline(stream, child.stdin, { signal }).catch(() => {});
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 1000);
  });
  const closed = once(child, 'close').catch(() => [undefined]);
  try {
    await started;
    yield* child.stdout;
    const [exitCode] = await closed;
    signal.throwIfAborted();
    if (exitCode !== 0) throw invalid(`decompress ${compression}: ${complaint.trim()}`);
  } catch (cause) {
    if (errnoCode(cause) !== 'ENOENT') throw cause;
    throw unavailable(`decompress ${compression}: there is no program ${compression}`, { cause });
  } finally {
    child.kill('SIGKILL');
    await feeding;
  }
}
