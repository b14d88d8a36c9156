import type { Instruction } from '../../instruction.ts';
import { sourceText } from '../../position.ts';
import type { LintResult } from '../lint-dockerfile.ts';
import type { LintedRun } from '../linted-file.ts';
import type { ShellScript } from '../shell/shell-script.ts';

/** One input for ShellCheck: the script of a RUN behind what its shell and variables are. */
export interface ShellcheckScript {
  /** What ShellCheck reads, its shebang included. */
  readonly text: string;
  /** The RUN, or the ONBUILD around it. */
  readonly place: Instruction;
  /** The offset in the Dockerfile of a line and column of `text`, both from 1. */
  sourceOffset(line: number, column: number): number | undefined;
}

/** The shells ShellCheck knows; `#!/bin/ash` and busybox it takes for dash. */
const known = new Set(['ash', 'bash', 'busybox', 'dash', 'ksh', 'sh']);

/** Variables that every RUN has: without them ShellCheck would call them unset. */
const predefined = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY'].flatMap((name) => [
    name,
    name.toLowerCase(),
  ]),
);

/** The scripts of all RUNs whose shell ShellCheck knows. */
export function shellcheckScripts({ file }: LintResult): ShellcheckScript[] {
  return file.stages.flatMap(({ instructions }) =>
    instructions.flatMap(({ run }) => (run ? scriptsOf(run) : [])),
  );
}

function scriptsOf(run: LintedRun): ShellcheckScript[] {
  const { scripts, shell, instruction } = run;
  if (!known.has(shell.name)) return [];
  // In exec form only what is handed to a shell is a script.
  const shellScripts = instruction.command.form === 'exec' ? scripts.slice(1) : scripts;
  return shellScripts
    .filter(({ text }) => text.trim() !== '')
    .map((script) => shellcheckScript(script, run));
}

function shellcheckScript(script: ShellScript, run: LintedRun): ShellcheckScript {
  const shebang = `#!/bin/${run.shell.name === 'busybox' ? 'ash' : run.shell.name}\n`;
  const ownShebang = script.text.startsWith('#!') ? script.text.split('\n', 1)[0]! : undefined;
  const first = ownShebang === undefined ? shebang : `${ownShebang}\n`;
  const head = first + exportsOf(script.text, run);
  const headLines = head.split('\n').length - 1;
  const body = sourceText(script.text);
  const sourceOffset = (line: number, column: number): number | undefined => {
    const own = line - headLines;
    if (own < 1 || own > body.lineCount) return undefined;
    const text = body.line(own);
    const at = body.lineStart(own) + Math.min(unitsBefore(text, column - 1), text.length);
    return script.sourceOffset(at);
  };
  // A second shebang would be a fault; a comment of the same length keeps columns right.
  const code = script.text.replace(/^#!/, '# ');
  return { text: `${head}${code}\n`, place: run.place, sourceOffset };
}

/** ShellCheck counts characters where positions count UTF-16 units. */
function unitsBefore(text: string, characters: number): number {
  if (!/[\ud800-\udbff]/.test(text)) return characters;
  let units = 0;
  for (let left = characters; left > 0 && units < text.length; left--) {
    units += text.codePointAt(units)! > 0xffff ? 2 : 1;
  }
  return units;
}

/** Only names that the script mentions: that is all ShellCheck wants to know of them. */
function exportsOf(text: string, { variables }: LintedRun): string {
  const mentioned = new Set(text.match(/[A-Za-z_]\w*/g));
  const names = [...mentioned].filter((name) => predefined.has(name) || variables.has(name));
  return names.map((name) => `export ${name}=1\n`).join('');
}
