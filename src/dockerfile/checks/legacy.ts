import type { Check } from './check.ts';

export const maintainerDeprecated: Check = {
  name: 'MaintainerDeprecated',
  description:
    'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  file({ dockerfile }, report) {
    for (const instruction of dockerfile.instructions) {
      if (instruction.kind !== 'maintainer') continue;
      const message = 'Maintainer instruction is deprecated in favor of using label';
      report(message, instruction, instruction.keyword.range);
    }
  },
};

export const legacyKeyValueFormat: Check = {
  name: 'LegacyKeyValueFormat',
  description: 'Legacy key/value format with whitespace separator should not be used',
  instruction({ instruction, place }, report) {
    if (instruction.kind !== 'env' && instruction.kind !== 'label') return;
    const name = instruction.keyword.text;
    for (const { key, legacy } of instruction.pairs) {
      if (!legacy) continue;
      const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
      report(message, place, key.range);
    }
  },
};

export const noEmptyContinuation: Check = {
  name: 'NoEmptyContinuation',
  description: 'Empty continuation lines will become errors in a future release',
  file({ dockerfile: { source, emptyContinuations } }, report) {
    for (const { line, emptyLines } of emptyContinuations) {
      const range = source.range(source.lineStart(line), source.lineEnd(line));
      const [empty = line] = emptyLines;
      const focus = source.range(source.lineStart(empty), source.lineEnd(empty));
      report('Empty continuation line', { range }, focus);
    }
  },
};
