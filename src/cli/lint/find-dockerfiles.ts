import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, notFound } from '../../core/index.ts';
import { type GitIgnore, gitIgnoreOf } from './git-ignore.ts';

const named = /^(?:Dockerfile|Containerfile)(?:\..+)?$|.\.(?:Dockerfile|Containerfile)$/;
const skipped = new Set(['.git', 'node_modules']);

/** Whether a file of this name is looked at when its folder is. */
export function isDockerfileName(name: string): boolean {
  return named.test(name) && !name.endsWith('.dockerignore');
}

/**
 * The files to lint, in the order given: files as they are, `-` for standard input, and of a folder
 * all Dockerfiles below it, sorted, but what git ignores when `gitIgnore` is set. Links to folders
 * are not followed. Throws `not-found`.
 */
export function findDockerfiles(
  given: readonly string[],
  { gitIgnore }: { gitIgnore: boolean },
): string[] {
  return given.flatMap((path) => {
    if (path === '-') return [path];
    return isFolder(path) ? below(path, gitIgnore ? gitIgnoreOf(path) : undefined) : [path];
  });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') throw notFound(`lint ${path}: no such file or folder`);
    throw error;
  }
}

function below(folder: string, ignore: GitIgnore | undefined): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (skipped.has(entry.name) || ignore?.ignores(entry.name, true)) continue;
      for (const one of below(path, ignore?.below(entry.name))) found.push(one);
    } else if ((entry.isFile() || entry.isSymbolicLink()) && isDockerfileName(entry.name)) {
      if (!ignore?.ignores(entry.name, false)) found.push(path);
    }
  }
  return found;
}
