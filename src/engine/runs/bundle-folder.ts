import { closeSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFifo, openFifoReader } from '../../linux/index.ts';
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
export function makeBundleFolder(
  path: string,
  { terminal, openStdin }: { terminal: boolean; openStdin: boolean },
): BundleFolder {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true, mode: 0o711 });
  // The shim reads annotations from it when it starts, which is before the rest is known.
  writeFileSync(join(path, 'config.json'), '{}');
  writeFileSync(join(path, 'log'), '');
  const stdio = stdioIn(path, { terminal, openStdin });
  const outputs = [stdio.stdout, stdio.stderr].filter(Boolean);
  for (const fifo of [...outputs, stdio.stdin].filter(Boolean)) makeFifo(fifo);
  return { path, stdio, heldFds: outputs.map(openFifoReader) };
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
