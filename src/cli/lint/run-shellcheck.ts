import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoCode, unavailable } from '../../core/index.ts';
import { type ShellcheckComment, shellcheckExclusions } from '../../dockerfile/lint/index.ts';

/** What ShellCheck says of each script, in their order; undefined when it is not installed. */
export type RunShellcheck = (
  scripts: readonly string[],
) => Promise<ShellcheckComment[][] | undefined>;

/** As many scripts as fit a command line with ease. */
const scriptsPerProcess = 1000;

/** Runs ShellCheck once for all scripts. Throws `unavailable` when it gives no answer. */
export function shellcheckRunner({ program = 'shellcheck' } = {}): RunShellcheck {
  return async (scripts) => {
    if (scripts.length === 0) return [];
    const folder = await mkdtemp(join(tmpdir(), 'berth-lint-'));
    try {
      const names = scripts.map((_, index) => `${index}.sh`);
      await Promise.all(names.map((name, index) => writeFile(join(folder, name), scripts[index]!)));
      const found: ShellcheckComment[][] = scripts.map(() => []);
      for (let from = 0; from < names.length; from += scriptsPerProcess) {
        const text = await run(program, names.slice(from, from + scriptsPerProcess), folder);
        if (text === undefined) return undefined;
        sortIn(text, found);
      }
      return found;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function sortIn(text: string, found: ShellcheckComment[][]): void {
  let answer: { comments: (ShellcheckComment & { file: string })[] };
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw unavailable('run shellcheck: it gave no JSON', { cause: error });
  }
  for (const comment of answer.comments) found[Number.parseInt(comment.file, 10)]?.push(comment);
}

function run(program: string, names: string[], cwd: string): Promise<string | undefined> {
  const options = ['--norc', '--format=json1', `--exclude=${shellcheckExclusions.join(',')}`];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...options, ...names], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SHELLCHECK_OPTS: '', LC_ALL: 'C.UTF-8' },
    });
    let out = '';
    let problems = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      problems += chunk.slice(0, 1000);
    });
    child.on('error', (error) => {
      if (errnoCode(error) === 'ENOENT') resolve(undefined);
      else reject(unavailable(`run shellcheck: ${error.message}`, { cause: error }));
    });
    child.on('close', (code) => {
      // 1 means that there are remarks.
      if (code === 0 || code === 1) resolve(out);
      else reject(unavailable(`run shellcheck: exit code ${code}: ${problems.trim()}`));
    });
  });
}
