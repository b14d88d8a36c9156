import type { Rule } from '../rule.ts';

export const dl4001: Rule = {
  code: 'DL4001',
  severity: 'warning',
  title: 'Use `wget` or `curl`, not both in one stage',
  unfixable: 'they take different options',
  documentation: `Both do the same work. An image that needs one of them is smaller and simpler.`,
  bad: ['FROM debian:12\nRUN wget -q https://example.com/a\nRUN curl -O https://example.com/b\n'],
  good: ['FROM debian:12\nRUN curl -O https://example.com/a && curl -O https://example.com/b\n'],
  stage({ stage }, report) {
    const seen = new Set<string>();
    for (const { run, place } of stage.instructions) {
      const used = run?.commands.filter(({ name }) => name === 'wget' || name === 'curl') ?? [];
      for (const { name } of used) seen.add(name);
      if (used.length > 0 && seen.size > 1) report(place);
    }
  },
};
