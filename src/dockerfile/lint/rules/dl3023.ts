import type { Rule } from '../rule.ts';

export const dl3023: Rule = {
  code: 'DL3023',
  severity: 'error',
  title: '`COPY --from` cannot copy from its own stage',
  unfixable: 'which stage was meant is not known',
  documentation: `A stage does not exist as a source before it is finished. Within a stage, copy with RUN.`,
  bad: ['FROM debian:12 AS build\nCOPY --from=build /a /b\n'],
  good: ['FROM debian:12 AS build\nFROM debian:12 AS run\nCOPY --from=build /a /b\n'],
  on: {
    copy({ instruction, place, stage }, report) {
      const { from } = instruction;
      if (from && stage?.name !== undefined && from.text.toLowerCase() === stage.name) {
        report(place, { focus: from.range });
      }
    },
  },
};
