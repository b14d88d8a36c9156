import type { Rule } from '../rule.ts';

export const dl3063: Rule = {
  code: 'DL3063',
  severity: 'warning',
  title: 'A stage cannot be called `scratch` or `context`',
  unfixable: 'references to the stage may mean either',
  documentation: `\`scratch\` is the empty base image and \`context\` the files given to the build. A stage of that
name cannot be reached, or hides them.`,
  bad: ['FROM debian:12 AS scratch\n', 'FROM debian:12 AS context\n'],
  good: ['FROM debian:12 AS build\n'],
  on: {
    from({ instruction }, report) {
      const { name } = instruction;
      if (name && /^(?:scratch|context)$/i.test(name.text))
        report(instruction, { focus: name.range });
    },
  },
};
