import type { Instruction } from '../../instruction.ts';
import type { Dockerfile } from '../../parse.ts';
import { sourceText } from '../../position.ts';
import type { LintResult } from '../lint-dockerfile.ts';
import type { LintedRun } from '../linted-file.ts';
import type { ShellScript } from '../shell/shell-script.ts';
import { shellOf } from '../shell/shell-state.ts';

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

/** With more variables than this, a script is told only of those whose names it holds. */
const mostExports = 200;

/** The scripts of all RUNs whose shell ShellCheck knows. */
export function shellcheckScripts({ file, dockerfile }: LintResult): ShellcheckScript[] {
  const directives = directivesOf(dockerfile);
  return file.stages.flatMap(({ instructions }) =>
    instructions.flatMap(({ run }) => {
      if (!run) return [];
      return scriptsOf(run, directives.get(run.place.range.start.offset) ?? []);
    }),
  );
}

/** ShellCheck's own words: its directives, without the remark after them. */
const directiveForm = /^shellcheck(?:\s+[a-z-]+=[^\s#]+)+/;

/** By where an instruction begins, the directives in comments above and inside it. */
function directivesOf({ comments, instructions }: Dockerfile): Map<number, string[]> {
  const found = new Map<number, string[]>();
  let index = 0;
  for (const { text, range } of comments) {
    const [directive] = directiveForm.exec(text.slice(0, 1000)) ?? [];
    if (directive === undefined) continue;
    const { offset } = range.start;
    while (index < instructions.length && instructions[index]!.range.end.offset <= offset) index++;
    const start = instructions[index]?.range.start.offset ?? -1;
    const known = found.get(start);
    if (known) known.push(directive);
    else found.set(start, [directive]);
  }
  return found;
}

function scriptsOf(run: LintedRun, directives: readonly string[]): ShellcheckScript[] {
  const { scripts, instruction } = run;
  // In exec form only what is handed to a shell is a script.
  const shellScripts = instruction.command.form === 'exec' ? scripts.slice(1) : scripts;
  return shellScripts.flatMap((script) => {
    const shell = script.shell ? shellOf(script.shell) : run.shell;
    if (script.text.trim() === '' || !known.has(shell.name)) return [];
    return [shellcheckScript(script, run, { shell: shell.name, directives })];
  });
}

function shellcheckScript(
  script: ShellScript,
  run: LintedRun,
  { shell, directives }: { shell: string; directives: readonly string[] },
): ShellcheckScript {
  const head = [
    `#!/bin/${shell === 'busybox' ? 'ash' : shell}`,
    // Before the first command they hold for the whole script.
    ...directives.map((directive) => `# ${directive}`),
    ...exportsOf(script.text, run),
  ];
  const body = sourceText(script.text);
  const sourceOffset = (line: number, column: number): number | undefined => {
    const own = line - head.length;
    if (own < 1 || own > body.lineCount) return undefined;
    const text = body.line(own);
    const at = body.lineStart(own) + Math.min(unitsBefore(text, column - 1), text.length);
    return script.sourceOffset(at);
  };
  // A second shebang would be a fault; a comment of the same length keeps columns right.
  const code = script.text.replace(/^#!/, '# ');
  return { text: `${head.join('\n')}\n${code}\n`, place: run.place, sourceOffset };
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

/** All variables, so that a name that is nearly one of them is found out. */
function exportsOf(text: string, { variables }: LintedRun): string[] {
  const all = variables.names(mostExports);
  const mentioned = new Set(text.match(/[A-Za-z_]\w*/g));
  const names = all ?? new Set([...mentioned].filter((name) => variables.has(name)));
  return [...predefined, ...names]
    .filter((name) => /^[A-Za-z_]\w*$/.test(name))
    .map((name) => `export ${name}=1`);
}
