import { readFileSync } from 'node:fs';
import { errorMessage, invalid } from '../../core/index.ts';
import type { LintInput } from './lint-files.ts';

/** A Dockerfile larger than this is none. */
const largestBytes = 64 * 1024 * 1024;

/** Reads the files; `-` is standard input. Throws `invalid` with the name of one that it cannot. */
export function readInputs(names: readonly string[]): LintInput[] {
  return names.map((name) => ({ name, text: readText(name) }));
}

function readText(name: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(name === '-' ? 0 : name);
  } catch (error) {
    throw invalid(`read ${name}: ${errorMessage(error)}`, { cause: error });
  }
  if (bytes.length > largestBytes) throw invalid(`read ${name}: larger than 64 MiB`);
  return bytes.toString('utf8');
}
