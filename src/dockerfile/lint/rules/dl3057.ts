import type { LintedStage } from '../linted-file.ts';
import type { Rule } from '../rule.ts';

export const dl3057: Rule = {
  code: 'DL3057',
  severity: 'info',
  offByDefault: true,
  title: 'The stage has no HEALTHCHECK',
  documentation: `A health check lets the engine tell a process that runs from one that works. Not every image is
a service, so the rule is off until a severity is given to it.`,
  bad: ['FROM debian:12\nCMD ["serve"]\n'],
  good: [
    'FROM debian:12\nHEALTHCHECK CMD true\nCMD ["serve"]\n',
    'FROM debian:12 AS base\nHEALTHCHECK CMD true\nFROM base\n',
  ],
  stage({ stage }, report) {
    if (stage.from && !hasHealthcheck(stage)) report(stage.from);
  },
};

function hasHealthcheck(stage: LintedStage): boolean {
  let depth = 0;
  for (let at: LintedStage | undefined = stage; at && depth < 100; at = at.parent) {
    if (at.instructions.some(({ place }) => place.kind === 'healthcheck')) return true;
    depth++;
  }
  return false;
}
