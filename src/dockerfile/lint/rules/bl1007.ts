import type { LintedStage } from '../linted-file.ts';
import type { Rule } from '../rule.ts';
import { ancestors } from './stages.ts';
import { isRoot } from './users.ts';

export const bl1007: Rule = {
  code: 'BL1007',
  severity: 'warning',
  offByDefault: true,
  title: 'The image runs as root: no USER is set',
  unfixable: 'there may be no other user in the image',
  documentation: `Neither the last stage nor those it is built from set USER, and nothing is known of a user in the
base image. Off until a severity is given to it, because much is built that drops its rights itself.`,
  bad: ['FROM debian:12\nCMD ["serve"]\n'],
  good: [
    'FROM debian:12\nUSER 1000\n',
    'FROM debian:12 AS a\nUSER 1000\nFROM a\n',
    { text: 'FROM base:1\n', options: { baseImages: new Map([['base:1', { user: 'app' }]]) } },
  ],
  file({ file }, report) {
    const last = file.stages.at(-1);
    if (!last?.from || last.base?.hasShell === false) return;
    const user = last.base?.user ?? '';
    if ((user === '' || isRoot(user)) && !ancestors(last).some(setsUser)) report(last.from);
  },
};

function setsUser({ instructions }: LintedStage): boolean {
  return instructions.some(({ place }) => place.kind === 'user');
}
