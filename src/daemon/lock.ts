import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, errnoCode } from '../core/index.ts';

/**
 * Makes this process the only daemon of a folder, of data or run files, by `berth.pid` in it. A file left by a daemon
 * that was killed is taken over. Throws `conflict` while another daemon lives.
 */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const path = join(folder, 'berth.pid');
  const other = readPid(path);
  if (other !== undefined && other !== process.pid && isDaemon(other)) {
    throw conflict(`start daemon: process ${other} already serves ${folder}`);
  }
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${process.pid}\n`);
  renameSync(temporary, path);
  return {
    [Symbol.dispose]: () => {
      if (readPid(path) === process.pid) rmSync(path, { force: true });
    },
  };
}

function readPid(path: string): number | undefined {
  const text = readIfThere(path);
  return text === undefined ? undefined : Number(text) || undefined;
}

/** A pid can have been given to another program since: only a Berth daemon counts. */
function isDaemon(pid: number): boolean {
  return readIfThere(`/proc/${pid}/cmdline`)?.includes('daemon/main.ts') ?? false;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ESRCH') return undefined;
    throw error;
  }
}
