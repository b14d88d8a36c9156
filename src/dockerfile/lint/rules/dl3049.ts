import type { LintedFile, LintedStage } from '../linted-file.ts';
import type { Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';
import { stagesLacking } from './stages.ts';

const options = { labelSchema: new Map([['version', 'text' as const]]) };

export const dl3049: Rule = {
  code: 'DL3049',
  severity: 'info',
  title: 'A required label is missing',
  unfixable: 'the value is not known',
  documentation: `The label schema (\`label-schema\`, \`--require-label\`) names labels that every image must have.
A stage has those of the stage it is built from, and need not have them when it serves one that has.`,
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
    const sources = new Map(file.stages.map((stage) => [stage, sourcesOf(stage, file)]));
    const labels = new Map(file.stages.map((stage) => [stage, labelsOf(stage)]));
    for (const name of labelSchema.keys()) {
      const lacking = stagesLacking(file.stages, {
        hasOwn: (stage) => labels.get(stage)?.has(name) ?? false,
        sourcesOf: (stage) => sources.get(stage) ?? [],
      });
      for (const { from } of lacking)
        if (from) report(from, { message: `Label \`${name}\` is missing` });
    }
  },
};

function labelsOf({ instructions }: LintedStage): Set<string> {
  const pairs = instructions.flatMap(({ place }) => (place.kind === 'label' ? place.pairs : []));
  return new Set(pairs.map(({ key }) => withoutQuotes(key.text)));
}

/** The stages that this one is built from or copies from. */
function sourcesOf(stage: LintedStage, { stageBefore }: LintedFile): LintedStage[] {
  const copied = stage.instructions.flatMap(({ instruction }) => {
    if (instruction.kind !== 'copy' || !instruction.from) return [];
    return stageBefore(instruction.from.text, stage) ?? [];
  });
  return stage.parent ? [stage.parent, ...copied] : copied;
}
