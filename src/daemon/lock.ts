import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { conflict, errnoCode, makeDirectories } from '../core/index.ts';
import { tryLockFile } from '../linux/index.ts';

/**
 * Makes this process the only daemon of a folder, of data or run files, by a lock on `berth.pid` in
 * it, which the kernel takes back however the process ends. Throws `conflict` while another daemon
 * lives.
 */
export async function lockFolder(folder: string): Promise<Disposable> {
  await makeDirectories(folder, 0o711);
  const path = join(folder, 'berth.pid');
  const fd = openLocked(path, folder);
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return {
    [Symbol.dispose]() {
      rmSync(path, { force: true });
      closeSync(fd);
    },
  };
}

/** A file whose daemon just ended may be removed between its opening and its locking: then again. */
function openLocked(path: string, folder: string): number {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    if (!tryLockFile(fd)) {
      closeSync(fd);
      const pid = readFileSync(path, 'utf8').trim();
      throw conflict(`start daemon: process ${pid} already serves ${folder}`);
    }
    if (fstatSync(fd).ino === inodeOf(path)) return fd;
    closeSync(fd);
  }
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
