import type { Rule } from '../rule.ts';

export const dl3024: Rule = {
  code: 'DL3024',
  severity: 'error',
  title: 'The names of stages must differ',
  unfixable: 'which of them the references mean is not known',
  documentation: `When two stages have one name, \`COPY --from\` and \`--target\` reach only one of them.`,
  bad: ['FROM debian:12 AS build\nFROM debian:12 AS build\n'],
  good: ['FROM debian:12 AS build\nFROM debian:12 AS run\n'],
  file({ file }, report) {
    const names = new Set<string>();
    for (const { name, from } of file.stages) {
      if (name === undefined || !from) continue;
      if (names.has(name)) report(from, { focus: from.name?.range });
      names.add(name);
    }
  },
};
