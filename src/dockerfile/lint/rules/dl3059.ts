import type { RunInstruction } from '../../instruction.ts';
import type { LintedRun } from '../linted-file.ts';
import type { Rule } from '../rule.ts';

export const dl3059: Rule = {
  code: 'DL3059',
  severity: 'info',
  title: 'Consecutive RUNs could be one',
  documentation: `Each RUN makes a layer, and what one deletes from the layer before still takes its room. RUNs of
several commands are left alone: who chains commands decided where to cut. So are RUNs with other
mounts.`,
  bad: ['FROM debian:12\nRUN make\nRUN make install\n'],
  good: [
    'FROM debian:12\nRUN make && make install\n',
    'FROM debian:12\nRUN make\nCOPY a /a\nRUN make install\n',
    'FROM debian:12\nRUN make && make check\nRUN make install\n',
    'FROM debian:12\nRUN --mount=type=cache,target=/c make\nRUN make install\n',
  ],
  stage({ stage }, report) {
    let previous: LintedRun | undefined;
    for (const { run, place } of stage.instructions) {
      const isRun = run !== undefined && place.kind === 'run';
      if (isRun && previous && isSingle(run) && isSingle(previous) && sameFlags(run, previous)) {
        report(place);
      } else previous = isRun ? run : undefined;
    }
  },
};

function isSingle({ commands, instruction }: LintedRun): boolean {
  return (
    commands.filter(({ name }) => name !== '').length <= 1 && instruction.heredocs.length === 0
  );
}

function sameFlags(a: LintedRun, b: LintedRun): boolean {
  const flagsOf = ({ flags }: RunInstruction) => flags.map(({ name, value }) => `${name}=${value}`);
  return flagsOf(a.instruction).join(' ') === flagsOf(b.instruction).join(' ');
}
