import type { Rule } from '../rule.ts';
import { stagesLacking } from './stages.ts';

export const dl3057: Rule = {
  code: 'DL3057',
  severity: 'info',
  offByDefault: true,
  title: 'The stage has no HEALTHCHECK',
  unfixable: 'what shows that it works is not known',
  documentation: `A health check lets the engine tell a process that runs from one that works. Not every image is
a service, so the rule is off until a severity is given to it. A stage has that of the stage it is
built from, and need not have one when a stage built from it has.`,
  bad: ['FROM debian:12\nCMD ["serve"]\n'],
  good: [
    'FROM debian:12\nHEALTHCHECK CMD true\nCMD ["serve"]\n',
    'FROM debian:12 AS base\nHEALTHCHECK CMD true\nFROM base\n',
  ],
  file({ file }, report) {
    const lacking = stagesLacking(file.stages, {
      hasOwn: ({ instructions }) => instructions.some(({ place }) => place.kind === 'healthcheck'),
      sourcesOf: ({ parent }) => (parent ? [parent] : []),
    });
    for (const { from } of lacking) if (from) report(from);
  },
};
