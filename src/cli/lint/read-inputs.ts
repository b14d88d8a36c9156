import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorMessage, invalid } from '../../core/index.ts';
import type { LintInput } from './lint-files.ts';
import { readBounded } from './read-bounded.ts';

/** A Dockerfile larger than this is none. */
const largestMiB = 64;

/** Reads the files; `-` is standard input. Throws `invalid` with the name of one that it cannot. */
export function readInputs(names: readonly string[]): LintInput[] {
  return names.map((name) => {
    try {
      if (name === '-') return { name, text: readBounded(0, largestMiB) };
      return { name, text: readBounded(name, largestMiB), ignore: ignoreFileOf(name) };
    } catch (error) {
      throw invalid(`read ${name}: ${errorMessage(error)}`, { cause: error });
    }
  });
}

/** The `.dockerignore` beside it: its own, or the folder's. */
function ignoreFileOf(name: string): string | undefined {
  const candidates = [`${name}.dockerignore`, join(dirname(name), '.dockerignore')];
  const path = candidates.find((candidate) =>
    statSync(candidate, { throwIfNoEntry: false })?.isFile(),
  );
  try {
    return path === undefined ? undefined : readBounded(path, 1);
  } catch {
    // A check knows less without it, not wrong.
    return undefined;
  }
}
