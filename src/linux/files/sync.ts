import { open } from 'node:fs/promises';
import { callElsewhere, check, declare } from '../libc.ts';

const syncfs = declare('int syncfs(int fd)');

/** Writes everything dirty of the filesystem that holds `path` to its disk (syncfs(2)); may take long. */
export async function syncFilesystem(path: string): Promise<void> {
  const handle = await open(path);
  try {
    check(await callElsewhere(syncfs, handle.fd), 'syncfs', path);
  } finally {
    await handle.close();
  }
}

/** Makes the names in a directory durable: what was created, renamed or removed in it. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
