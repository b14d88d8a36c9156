import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errnoCode } from './errors.ts';

/**
 * Makes a directory and its missing parents, as `mkdir -p`; what is there stays. For paths that people
 * name: Node's own `recursive` never comes back where the kernel refuses new names with ENOENT, as
 * below /proc.
 */
export async function makeDirectories(path: string, mode = 0o777): Promise<void> {
  const missing: string[] = [];
  let at = resolve(path);
  while (!(await makeOne(at, mode))) {
    missing.push(at);
    at = dirname(at);
  }
  for (const directory of missing.reverse()) {
    if (await makeOne(directory, mode)) continue;
    // It is missing although its parent is there.
    await mkdir(directory, { mode });
  }
}

/** False when its parent is missing. */
async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' && path !== dirname(path)) return false;
    if (code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
  return true;
}
