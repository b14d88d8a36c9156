import type { Check } from './check.ts';

const isLower = (text: string) => text === text.toLowerCase();
const isUpper = (text: string) => text === text.toUpperCase();

export const fromAsCasing: Check = {
  name: 'FromAsCasing',
  description: "The 'as' keyword should match the case of the 'from' keyword",
  from({ from }, report) {
    const { keyword, asKeyword } = from;
    if (!asKeyword) return;
    // A FROM that is neither is left to ConsistentInstructionCasing.
    const matches = isLower(keyword.text)
      ? isLower(asKeyword.text)
      : !isUpper(keyword.text) || isUpper(asKeyword.text);
    if (matches) return;
    const message = `'${asKeyword.text}' and '${keyword.text}' keywords' casing do not match`;
    report(message, from, asKeyword.range);
  },
};

export const consistentInstructionCasing: Check = {
  name: 'ConsistentInstructionCasing',
  description:
    'All commands within the Dockerfile should use the same casing (either upper or lower)',
  file({ dockerfile }, report) {
    const instructions = dockerfile.stages.flatMap((stage) => [stage.from, ...stage.instructions]);
    const count = (test: (text: string) => boolean) =>
      instructions.filter(({ keyword }) => test(keyword.text)).length;
    const lower = count(isLower) > count(isUpper);
    for (const instruction of instructions) {
      const { text, range } = instruction.keyword;
      if (lower ? isLower(text) : isUpper(text)) continue;
      const casing = lower ? 'lowercase' : 'uppercase';
      const message = `Command '${text}' should match the case of the command majority (${casing})`;
      report(message, instruction, range);
    }
  },
};
