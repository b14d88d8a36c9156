import type { LintedStage } from '../linted-file.ts';
import type { Rule } from '../rule.ts';
import { broughtIn } from './brought-in.ts';
import { imageWith } from './image-with.ts';
import { ancestors } from './stages.ts';

export const bl1006: Rule = {
  code: 'BL1006',
  severity: 'error',
  title: 'The base image does not have this shell',
  unfixable: 'whether the script needs that shell is not known',
  documentation: `Alpine and BusyBox bring \`sh\` and \`ash\` alone. Install \`bash\` before SHELL names it, or use
\`/bin/ash\`, which knows \`-o pipefail\` too.`,
  bad: [
    'FROM alpine:3.20\nSHELL ["/bin/bash", "-c"]\n',
    'FROM alpine:3.20\nRUN ["bash", "-c", "true"]\n',
  ],
  good: [
    'FROM alpine:3.20\nRUN apk add --no-cache bash=5\nSHELL ["/bin/bash", "-c"]\n',
    'FROM alpine:3.20\nSHELL ["/bin/ash", "-o", "pipefail", "-c"]\n',
    'FROM debian:12\nSHELL ["/bin/bash", "-c"]\n',
  ],
  stage({ stage }, report) {
    const shells = stage.base?.shells;
    if (!shells) return;
    const [, ...others] = ancestors(stage);
    const brought = broughtIn(others);
    for (const linted of stage.instructions) {
      const { instruction, place } = linted;
      brought.add(linted);
      if (place.kind === 'onbuild') continue;
      const words = instruction.kind === 'shell' ? instruction.words : execWords(instruction);
      const program = words?.[0]?.text.split('/').at(-1) ?? '';
      if (!/^(?:ba|z|k|da|fi)sh$/.test(program) || shells.includes(program)) continue;
      if (brought.mayHave(program)) continue;
      const message = `${imageWith(stage.base)} has ${shells.join(' and ') || 'no shell'}, not ${program}`;
      report(place, { message, focus: words?.[0]?.range });
    }
  },
};

type Linted = LintedStage['instructions'][number];

function execWords(instruction: Linted['instruction']) {
  const { kind } = instruction;
  if (kind !== 'run' && kind !== 'cmd' && kind !== 'entrypoint') return undefined;
  return instruction.command.form === 'exec' ? instruction.command.words : undefined;
}
