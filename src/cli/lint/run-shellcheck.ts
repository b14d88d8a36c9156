import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoCode, unavailable } from '../../core/index.ts';
import { type ShellcheckComment, shellcheckExclusions } from '../../dockerfile/lint/index.ts';

/**
 * What ShellCheck says of each script, in their order, undefined of one that it was not asked about
 * or had no answer to in time; undefined for all when it is not installed.
 */
export type RunShellcheck = (
  scripts: readonly string[],
) => Promise<(readonly ShellcheckComment[] | undefined)[] | undefined>;

export interface ShellcheckOptions {
  readonly program?: string;
  /** For one process; it is halved when the scripts of a process that was too slow are split. */
  readonly timeoutMs?: number;
}

/** As many scripts as fit a command line with ease. */
const scriptsPerProcess = 1000;
/** ShellCheck's time and memory grow with the square of what is nested, so that is bounded. */
const longestScript = 64 * 1024;
const mostParentheses = 500;
const largestAnswer = 256 * 1024 * 1024;

/** Runs ShellCheck once for all scripts. Throws `unavailable` when it gives no answer. */
export function shellcheckRunner(options: ShellcheckOptions = {}): RunShellcheck {
  const { program = 'shellcheck', timeoutMs = 30_000 } = options;
  return async (scripts) => {
    const texts = [...new Set(scripts)].filter(isBounded);
    if (scripts.length === 0) return [];
    const cwd = await mkdtemp(join(tmpdir(), 'berth-lint-'));
    try {
      const names = texts.map((_, index) => `${index}.sh`);
      await Promise.all(names.map((name, index) => writeFile(join(cwd, name), texts[index]!)));
      const found = new Map<string, ShellcheckComment[]>();
      for (let from = 0; from < names.length; from += scriptsPerProcess) {
        const batch = names.slice(from, from + scriptsPerProcess);
        if (!(await ask({ program, cwd, timeoutMs, found }, batch))) return undefined;
      }
      const places = new Map(texts.map((text, index) => [text, `${index}.sh`]));
      return scripts.map((script) => found.get(places.get(script) ?? ''));
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  };
}

function isBounded(script: string): boolean {
  return (
    script.length <= longestScript &&
    script.split('(', mostParentheses + 2).length <= mostParentheses
  );
}

interface Question {
  readonly program: string;
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly found: Map<string, ShellcheckComment[]>;
}

/** Asks about scripts by their names; about each half when all are too much. False: no program. */
async function ask(question: Question, names: readonly string[]): Promise<boolean> {
  const { found, timeoutMs } = question;
  const text = await run(question, names);
  if (text === undefined) return false;
  if (text !== 'late') {
    for (const name of names) found.set(name, []);
    sortIn(text, found);
    return true;
  }
  const half = Math.ceil(names.length / 2);
  if (names.length === 1) return true;
  const shorter = { ...question, timeoutMs: timeoutMs / 2 };
  return (await ask(shorter, names.slice(0, half))) && (await ask(shorter, names.slice(half)));
}

function sortIn(text: string, found: ReadonlyMap<string, ShellcheckComment[]>): void {
  let answer: { comments: (ShellcheckComment & { file: string })[] };
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw unavailable('run shellcheck: it gave no JSON', { cause: error });
  }
  for (const comment of answer.comments) found.get(comment.file)?.push(comment);
}

/** ShellCheck's answer; `late` when it took too long, undefined when it is not installed. */
function run(
  { program, cwd, timeoutMs }: Question,
  names: readonly string[],
): Promise<string | undefined> {
  const options = ['--norc', '--format=json1', `--exclude=${shellcheckExclusions.join(',')}`];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...options, ...names], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      env: { ...process.env, SHELLCHECK_OPTS: '', LC_ALL: 'C.UTF-8' },
    });
    let out = '';
    let problems = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
      if (out.length > largestAnswer) child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      problems = (problems + chunk).slice(0, 1000);
    });
    child.on('error', (error) => {
      if (errnoCode(error) === 'ENOENT') resolve(undefined);
      else reject(unavailable(`run shellcheck: ${error.message}`, { cause: error }));
    });
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve('late');
      // 1 means that there are remarks.
      else if (code === 0 || code === 1) resolve(out);
      else reject(unavailable(`run shellcheck: exit code ${code ?? signal}: ${problems.trim()}`));
    });
  });
}
