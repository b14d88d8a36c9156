import { errorMessage, invalid } from '../../core/index.ts';
import type { LintInput } from './lint-files.ts';
import { readBounded } from './read-bounded.ts';

/** A Dockerfile larger than this is none. */
const largestMiB = 64;

/** Reads the files; `-` is standard input. Throws `invalid` with the name of one that it cannot. */
export function readInputs(names: readonly string[]): LintInput[] {
  return names.map((name) => {
    try {
      return { name, text: readBounded(name === '-' ? 0 : name, largestMiB) };
    } catch (error) {
      throw invalid(`read ${name}: ${errorMessage(error)}`, { cause: error });
    }
  });
}
