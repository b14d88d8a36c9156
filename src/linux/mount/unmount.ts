import { constants as os } from 'node:os';
import { callElsewhere, check, declare } from '../libc.ts';

const umount2 = declare('int umount2(const char *path, int flags)');
const detach = 2;
const noFollow = 8;

/**
 * Takes away the topmost mount at `path` (a symlink there is never followed). Idempotent: gives
 * false when nothing is mounted there. Without `lazy` it throws EBUSY while something uses it; with
 * it the mount leaves the tree at once and ends when its last user does.
 */
export async function unmount(path: string, { lazy = false } = {}): Promise<boolean> {
  const result = await callElsewhere(umount2, path, noFollow | (lazy ? detach : 0));
  if (result === -os.errno.EINVAL || result === -os.errno.ENOENT) return false;
  check(result, 'umount2', path);
  return true;
}
