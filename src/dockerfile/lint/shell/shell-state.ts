import type { ShellScript } from './shell-script.ts';

/** The shell that RUN's commands go to. */
export interface ShellState {
  /** As SHELL has it; empty where it is the engine's default, `/bin/sh -c`. */
  readonly words: readonly string[];
  /** The program without its folder, such as `bash`. */
  readonly name: string;
  readonly isPosix: boolean;
  /** Whether a failing command of a pipeline fails the pipeline. */
  readonly hasPipefail: boolean;
}

const posixShells = new Set(['sh', 'ash', 'bash', 'busybox', 'dash', 'ksh', 'mksh', 'yash', 'zsh']);
const withPipefail = new Set(['ash', 'bash', 'busybox', 'ksh', 'mksh', 'zsh']);
const otherShells = /^(?:pwsh|powershell|cmd)\b/i;

const defaultShell: ShellState = { words: [], name: 'sh', isPosix: true, hasPipefail: false };

/** The state that `SHELL [words]` sets; without words the default. */
export function shellOf(words: readonly string[] = []): ShellState {
  const [program] = words;
  if (program === undefined) return defaultShell;
  const runsThroughEnv = /(?:^|\/)env$/.test(program);
  const name = baseName((runsThroughEnv ? words[1] : program) ?? '');
  const isPosix = posixShells.has(name) || !isKnownOther(name);
  return { words, name, isPosix, hasPipefail: withPipefail.has(name) && setsPipefail(words) };
}

/** Whether a script under this shell has a failing command fail its pipelines. */
export function hasPipefail(shell: ShellState, { commands }: ShellScript): boolean {
  if (shell.hasPipefail) return true;
  const sets = commands.some(
    ({ name, args }) => name === 'set' && setsPipefail(args.map(({ text }) => text)),
  );
  return sets && withPipefail.has(shell.name);
}

/** The state that a pragma `shell=name` sets. */
export function shellNamed(name: string): ShellState {
  return shellOf([name]);
}

function baseName(program: string): string {
  return program.slice(Math.max(program.lastIndexOf('/'), program.lastIndexOf('\\')) + 1);
}

const interpreters = /^(?:python|perl|ruby|node|php|lua|fish|tclsh|nu|xonsh|elvish)[\d.]*$/;

function isKnownOther(name: string): boolean {
  return otherShells.test(name) || interpreters.test(name);
}

function setsPipefail(words: readonly string[]): boolean {
  return words.some(
    (word, index) => word === 'pipefail' && /^-[A-Za-z]*o$/.test(words[index - 1] ?? ''),
  );
}
