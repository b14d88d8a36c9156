import type { LintedFile, LintedStage } from '../linted-file.ts';
import type { Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

const options = { labelSchema: new Map([['version', 'text' as const]]) };

export const dl3049: Rule = {
  code: 'DL3049',
  severity: 'info',
  title: 'A required label is missing',
  documentation: `The label schema (\`label-schema\`, \`--require-label\`) names labels that every image must have.
A stage has those of the stage it is built from. Stages that only serve others are not asked.`,
  bad: [{ text: 'FROM debian:12\nLABEL other=1\n', options }],
  good: [
    { text: 'FROM debian:12\nLABEL version=1\n', options },
    { text: 'FROM debian:12 AS base\nLABEL version=1\nFROM base\n', options },
    {
      text: 'FROM debian:12 AS build\nFROM alpine:3\nCOPY --from=build /a /a\nLABEL version=1\n',
      options,
    },
    'FROM debian:12\n',
  ],
  file({ file, options: { labelSchema } }, report) {
    if (labelSchema.size === 0) return;
    const servants = servingStages(file);
    const labels = new Map<LintedStage, Set<string>>();
    for (const stage of file.stages) {
      const own = new Set(stage.parent ? labels.get(stage.parent) : undefined);
      for (const { place } of stage.instructions) {
        if (place.kind !== 'label') continue;
        for (const { key } of place.pairs) {
          const name = withoutQuotes(key.text);
          if (labelSchema.has(name)) own.add(name);
        }
      }
      labels.set(stage, own);
      if (!stage.from || servants.has(stage)) continue;
      for (const name of labelSchema.keys()) {
        if (!own.has(name)) report(stage.from, { message: `Label \`${name}\` is missing` });
      }
    }
  },
};

/** The stages that others copy from or are built on. */
function servingStages({ stages, stageBefore }: LintedFile): Set<LintedStage> {
  const found = new Set<LintedStage>();
  for (const stage of stages) {
    if (stage.parent) found.add(stage.parent);
    for (const { instruction } of stage.instructions) {
      if (instruction.kind !== 'copy' || !instruction.from) continue;
      const source = stageBefore(instruction.from.text, stage);
      if (source) found.add(source);
    }
  }
  return found;
}
