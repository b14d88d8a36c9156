import { closeSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFifo, mountsBelow, openFifoReader, unmount } from '../../linux/index.ts';
import type { ProcessStdio } from '../runtime/task-service.ts';

/** A container's bundle with its fifos, before there is a configuration. */
export interface BundleFolder {
  readonly path: string;
  readonly stdio: ProcessStdio;
  /**
   * Reading ends for the shim to keep: what the container wrote stays in the kernel when it ends
   * while no daemon is there.
   */
  readonly heldFds: readonly number[];
}

/** Makes the folder anew: what an earlier run left there is gone. */
export async function makeBundleFolder(
  path: string,
  { terminal, openStdin }: { terminal: boolean; openStdin: boolean },
): Promise<BundleFolder> {
  if (existsSync(path)) await removeBundleFolder(path);
  mkdirSync(path, { recursive: true, mode: 0o711 });
  // The shim reads annotations from it when it starts, which is before the rest is known.
  writeFileSync(join(path, 'config.json'), '{}');
  writeFileSync(join(path, 'log'), '');
  const stdio = stdioIn(path, { terminal, openStdin });
  const outputs = [stdio.stdout, stdio.stderr].filter(Boolean);
  for (const fifo of [...outputs, stdio.stdin].filter(Boolean)) makeFifo(fifo);
  const folder = { path, stdio, heldFds: [] as number[] };
  try {
    for (const fifo of outputs) folder.heldFds.push(openFifoReader(fifo));
  } catch (error) {
    releaseHeld(folder);
    throw error;
  }
  return folder;
}

/**
 * Removes a bundle, after what is mounted in it: parts of volumes are, and a removal would go on
 * inside them. Idempotent.
 */
export async function removeBundleFolder(path: string): Promise<void> {
  for (const mount of await mountsBelow(path)) await unmount(mount.path, { lazy: true });
  await rm(path, { recursive: true, force: true });
}

/** Where the fifos of a container lie. */
export function stdioIn(
  path: string,
  { terminal, openStdin }: { terminal: boolean; openStdin: boolean },
): ProcessStdio {
  return {
    stdin: openStdin ? join(path, 'stdin') : '',
    stdout: join(path, 'stdout'),
    // A terminal has one stream; without one the shim wants both.
    stderr: terminal ? '' : join(path, 'stderr'),
    terminal,
  };
}

export function releaseHeld({ heldFds }: BundleFolder): void {
  for (const fd of heldFds) closeSync(fd);
}
