import type {
  CmdInstruction,
  EntrypointInstruction,
  HealthcheckInstruction,
} from '../../instruction.ts';
import { type InstructionVisit, type Report, type Rule, replacement } from '../rule.ts';

export const dl3025: Rule = {
  code: 'DL3025',
  severity: 'warning',
  title: 'Write the command of CMD, ENTRYPOINT and HEALTHCHECK as a JSON array',
  documentation: `In shell form the first process is \`/bin/sh -c\`, which does not pass signals on: \`docker stop\`
then waits and kills. In exec form the program itself is the first process.`,
  bad: [
    'FROM debian:12\nCMD nginx -g daemon\n',
    'FROM debian:12\nHEALTHCHECK --retries=2 CMD curl -f localhost\n',
    'FROM debian:12\nCMD serve \\\n  # quietly\n  -q\n',
    'FROM debian:12\nENTRYPOINT exec "$0"\n',
  ],
  good: [
    'FROM debian:12\nCMD ["nginx", "-g", "daemon off;"]\n',
    'FROM debian:12\nHEALTHCHECK NONE\n',
  ],
  on: { cmd: checkForm, entrypoint: checkForm, healthcheck: checkForm },
};

type CommandVisit = Pick<InstructionVisit, 'place' | 'stage' | 'file'> & {
  readonly instruction: CmdInstruction | EntrypointInstruction | HealthcheckInstruction;
};

function checkForm({ instruction, place, stage, file }: CommandVisit, report: Report): void {
  const { command, args } = instruction;
  const [word] = command.words;
  if (command.form === 'exec' || !word) return;
  const isDefaultShell = (stage?.shell.words.length ?? 0) === 0;
  const isLast = place.kind !== 'onbuild' && !(stage && file.parents.has(stage));
  // The words of a command over several lines may have comments between them.
  const { text, range } = word;
  const { start, end } = range;
  const isOneLine = file.dockerfile.source.text.slice(start.offset, end.offset) === text;
  const words = isDefaultShell && isLast && isOneLine ? plainWords(text) : undefined;
  const json = words && `[${words.map((part) => JSON.stringify(part)).join(', ')}]`;
  report(place, { focus: args.range, fix: json ? [replacement(range, json)] : undefined });
}

/** What only a shell knows; a program of that name may not exist. */
const builtins =
  /^(?:[.:]|alias|bg|break|case|cd|command|continue|eval|exec|exit|export|fg|for|if|jobs|local|read|readonly|return|set|shift|source|time|times|trap|type|ulimit|umask|unalias|unset|until|wait|while|\[\[?)$/;

/** The words of a command in which a shell would change nothing. */
function plainWords(text: string): string[] | undefined {
  if (!/^[A-Za-z0-9_./:=@%+,\- \t]+$/.test(text)) return undefined;
  const words = text.split(/[ \t]+/).filter((word) => word !== '');
  const [program = ''] = words;
  return program === '' || program.includes('=') || builtins.test(program) ? undefined : words;
}
