import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import { invalid, randomId } from '../../core/index.ts';
import { applyFixes, buildCheckFindings, lintDockerfile } from '../../dockerfile/lint/index.ts';
import type { LintFilesOptions, LintInput } from './lint-files.ts';
import { shown } from './shown.ts';

/** What fixing made of one file. */
export interface FixedFile extends LintInput {
  /** How many findings were put right. */
  readonly fixed: number;
  /** A unified diff fit for a terminal, or empty. */
  readonly diff: string;
}

/** One fix can make room for another; more rounds than this mean that two rules disagree. */
const mostRounds = 10;

const byteOrderMark = '\ufeff';

/** Puts right what can be, over and over until nothing more changes. Writes nothing. */
export function fixInput(
  input: LintInput,
  { options, buildChecks }: Pick<LintFilesOptions, 'options' | 'buildChecks'>,
): FixedFile {
  const { name, text } = input;
  const mark = text.startsWith(byteOrderMark) ? byteOrderMark : '';
  let current = text.slice(mark.length);
  let fixed = 0;
  for (let round = 0; round < mostRounds; round++) {
    const linted = lintDockerfile(current, options);
    // What the parser stumbled over may not be what it seems.
    if (linted.dockerfile.errors.length > 0) break;
    const checks = buildChecks ? buildCheckFindings(linted, options) : [];
    const result = applyFixes(current, [...linted.findings, ...checks]);
    if (result.applied.length === 0) break;
    fixed += result.applied.length;
    current = result.text;
  }
  const changed = mark + current;
  return { ...input, text: changed, fixed, diff: fixed === 0 ? '' : diffOf(name, text, changed) };
}

function diffOf(name: string, before: string, after: string): string {
  // As git has it: relative names, and no second slash of an absolute one.
  const path = name.replace(/^(?:\.?\/)+/, '');
  const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, '', '', {
    context: 3,
  });
  const lines = patch.split('\n').filter((line) => !/^=+$/.test(line));
  return lines
    .map((line) => shown(line.replace(/\r$/, '')))
    .map((line) => line.replace(/\\x09/g, '\t'))
    .join('\n');
}

/**
 * Writes a fixed file in place of the old: whole or not at all, with its mode kept, through links.
 * Throws `invalid` when the file is no UTF-8 text or changed since it was read.
 */
export function writeFixed(name: string, before: string, after: string): void {
  const path = realpathSync(name);
  const bytes = readFileSync(path);
  if (!bytes.equals(Buffer.from(before))) {
    throw invalid(`fix ${name}: it is not UTF-8 text, or changed while it was linted`);
  }
  const { mode, uid, gid } = statSync(path);
  const temporary = join(dirname(path), `.${basename(path)}.${randomId().slice(0, 12)}.tmp`);
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(file, after);
    fchmodSync(file, mode & 0o7777);
    if (process.getuid?.() === 0) fchownSync(file, uid, gid);
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
