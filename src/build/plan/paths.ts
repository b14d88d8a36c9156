import { posix } from 'node:path';

/** WORKDIR's new directory from the one before: absolute, clean, without a slash at its end. */
export function workingDirectory(current: string | undefined, path: string): string {
  return withoutTrailingSlash(posix.resolve('/', current || '/', path || '.'));
}

/** A path seen from the working directory; a slash at its end stays. `.` and '' are directories. */
export function fromWorkingDirectory(current: string | undefined, path: string): string {
  const resolved = posix.resolve('/', current || '/', path || '.');
  const isDirectory = path === '' || path === '.' || /(?:^|\/)\.{0,2}$/.test(path);
  return isDirectory && resolved !== '/' ? `${resolved}/` : resolved;
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}
