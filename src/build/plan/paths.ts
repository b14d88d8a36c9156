import { posix } from 'node:path';

/** WORKDIR's new directory from the one before: an absolute one as it is written, as BuildKit has it. */
export function workingDirectory(current: string | undefined, path: string): string {
  return path.startsWith('/') ? path : posix.resolve('/', current || '/', path || '.');
}

/** A path seen from the working directory; a slash at its end stays. `.` and '' are directories. */
export function fromWorkingDirectory(current: string | undefined, path: string): string {
  const resolved = posix.resolve('/', current || '/', path || '.');
  const isDirectory = path === '' || path === '.' || /(?:^|\/)\.{0,2}$/.test(path);
  return isDirectory && resolved !== '/' ? `${resolved}/` : resolved;
}
