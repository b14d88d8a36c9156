import type { Rule } from '../rule.ts';

export const dl3044: Rule = {
  code: 'DL3044',
  severity: 'error',
  title: 'A variable set by an ENV does not exist yet within the same ENV',
  unfixable: 'the value before may be the one that is meant',
  documentation: `All values of one ENV are worked out before any of its names is set: a reference to a name from
the same instruction gives what the name was before it, or nothing. Use two ENVs.`,
  bad: [
    'FROM debian:12\nENV HOME_DIR=/srv BIN=$HOME_DIR/bin\n',
    `FROM debian:12\nENV A=1 \\\n  B="\${A}2"\n`,
  ],
  good: [
    'FROM debian:12\nENV HOME_DIR=/srv\nENV BIN=$HOME_DIR/bin\n',
    'FROM debian:12\nENV PATH=$PATH:/opt/bin\n',
    'FROM debian:12\nENV A=1\nENV A=2 B=$A\n',
    'FROM debian:12\nENV A=1 B=$AB\n',
  ],
  on: {
    env({ instruction, place, linted }, report) {
      const { pairs } = instruction;
      if (pairs.length < 2) return;
      const fresh = new Map<string, number>();
      for (const [index, { key }] of pairs.entries()) {
        if (!linted?.variables.has(key.text) && !fresh.has(key.text)) fresh.set(key.text, index);
      }
      for (const [index, { value }] of pairs.entries()) {
        const names = value.text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g);
        const isEarly = names.some((match) => {
          const definedAt = fresh.get(match[1] ?? match[2]!);
          return definedAt !== undefined && definedAt !== index;
        });
        if (isEarly) report(place, { focus: value.range });
      }
    },
  },
};
