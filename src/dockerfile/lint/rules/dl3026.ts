import { imageName } from '../image-name.ts';
import type { Rule } from '../rule.ts';

const trusted = { trustedRegistries: ['docker.io', '*.example.com'] };

export const dl3026: Rule = {
  code: 'DL3026',
  severity: 'error',
  title: 'FROM names a registry that is not among the trusted ones',
  unfixable: 'where else to find the image is not known',
  documentation: `Images run with the rights of the build and end up in production. The list of trusted registries
(\`trustedRegistries\`, \`--trusted-registry\`) says where they may come from; without a list all
may. \`*\` stands for any part of a name.`,
  bad: [{ text: 'FROM evil.test/app:1\n', options: trusted }],
  good: [
    { text: 'FROM debian:12\nFROM eu.example.com/app:1\nFROM scratch\n', options: trusted },
    'FROM evil.test/app:1\n',
  ],
  on: {
    from({ instruction, options, stage, file }, report) {
      const { trustedRegistries } = options;
      if (trustedRegistries.length === 0 || !stage) return;
      const { text, range } = instruction.image;
      const { registry, path } = imageName(text);
      if (path === 'scratch' || file.stageBefore(text, stage)) return;
      const names = registry === undefined ? ['docker.io', 'hub.docker.com'] : [registry];
      const isTrusted = names.some((name) =>
        trustedRegistries.some((pattern) => matches(pattern, name)),
      );
      if (!isTrusted) report(instruction, { focus: range });
    },
  },
};

/** `*` matches any run of characters. In time linear to the name for each part of the pattern. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === name;
  const last = rest.pop()!;
  if (!name.startsWith(first) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
