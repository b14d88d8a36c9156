import type { RunInstruction } from '../../instruction.ts';
import type { LintedFile, LintedRun } from '../linted-file.ts';
import type { Fix, Rule } from '../rule.ts';
import { isPlainChain } from './plain-chain.ts';

export const dl3059: Rule = {
  code: 'DL3059',
  severity: 'info',
  title: 'Consecutive RUNs could be one',
  documentation: `Each RUN makes a layer, and what one deletes from the layer before still takes its room. RUNs of
several commands are left alone: who chains commands decided where to cut. So are RUNs with other
mounts. The fix joins plain commands with \`&&\`, comments between them kept.`,
  bad: [
    'FROM debian:12\nRUN make\nRUN make install\n',
    'FROM debian:12\nRUN --network=none make\n\n# then\nRUN --network=none make check\nRUN --network=none make install\n',
    'FROM debian:12\nRUN cd /src\nRUN make\n',
    '# escape=`\nFROM w:1\nRUN one.exe\nRUN two.exe\n',
  ],
  good: [
    'FROM debian:12\nRUN make && make install\n',
    'FROM debian:12\nRUN make\nCOPY a /a\nRUN make install\n',
    'FROM debian:12\nRUN make && make check\nRUN make install\n',
    'FROM debian:12\nRUN --mount=type=cache,target=/c make\nRUN make install\n',
    'FROM w:1\nSHELL ["powershell"]\nRUN Get-Item a | Remove-Item; Get-Item b\nRUN Get-Item c\n',
  ],
  stage({ stage, file }, report) {
    let previous: LintedRun | undefined;
    for (const { run, place } of stage.instructions) {
      const isRun = run !== undefined && place.kind === 'run';
      const isNext = isRun && previous && isSingle(run) && isSingle(previous);
      if (isNext && previous && sameFlags(run, previous)) {
        report(place, { fix: joined(previous, run, file) });
      }
      previous = isRun ? run : undefined;
    }
  },
};

function isSingle({ commands, instruction, shell }: LintedRun): boolean {
  if (instruction.heredocs.length > 0) return false;
  // Shells of Windows chain commands with these.
  if (!shell.isPosix) return !/[;&|\n]/.test(instruction.args.text);
  return commands.filter(({ name }) => name !== '').length <= 1;
}

function sameFlags(a: LintedRun, b: LintedRun): boolean {
  const flagsOf = ({ flags }: RunInstruction) => flags.map(({ name, value }) => `${name}=${value}`);
  return flagsOf(a.instruction).join(' ') === flagsOf(b.instruction).join(' ');
}

/** What these change holds on in the shell, so that a command after them may do something else. */
const lasting =
  /^(?:[.:]|alias|cd|eval|exec|exit|export|hash|local|popd|pushd|read|readonly|return|set|shift|shopt|source|trap|ulimit|umask|unalias|unset|wait)$/;

function joined(first: LintedRun, second: LintedRun, { dockerfile }: LintedFile): Fix | undefined {
  if (![first, second].every(isJoinable)) return undefined;
  const { text } = dockerfile.source;
  const start = first.instruction.range.end.offset;
  const between = text.slice(start, second.instruction.range.start.offset);
  // Comments that mean something to a linter mean it for one RUN.
  if (/hadolint|berth|shellcheck/.test(between)) return undefined;
  const lineEnd = between.includes('\r\n') ? '\r\n' : '\n';
  const comments = between.split(/\r?\n/).filter((line) => line.trim() !== '');
  const lines = [` ${dockerfile.escapeToken}`, ...comments, '  && '];
  const end = second.instruction.args.range.start.offset;
  return [{ start, end, text: lines.join(lineEnd) }];
}

function isJoinable({ scripts, commands, instruction: { command }, shell }: LintedRun): boolean {
  const [script] = scripts;
  const [only] = commands;
  if (!shell.isPosix || command.form !== 'shell' || !script || !only) return false;
  return only.name !== '' && !lasting.test(only.name) && isPlainChain(script.text);
}
