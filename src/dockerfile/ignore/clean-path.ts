import { posix } from 'node:path';

/** The shortest path that means the same, as Go's `filepath.Clean`: no slash at its end. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
