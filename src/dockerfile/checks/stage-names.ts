import { quoted } from '../../core/index.ts';
import type { Check } from './check.ts';

export const stageNameCasing: Check = {
  name: 'StageNameCasing',
  description: 'Stage names should be lowercase',
  from({ from }, report) {
    const { name } = from;
    if (!name || name.text === name.text.toLowerCase()) return;
    report(`Stage name '${name.text}' should be lowercase`, from, name.range);
  },
};

export const duplicateStageName: Check = {
  name: 'DuplicateStageName',
  description: 'Stage names should be unique',
  file({ dockerfile }, report) {
    const seen = new Set<string>();
    for (const { name, from } of dockerfile.stages) {
      if (name === undefined) continue;
      if (seen.has(name)) {
        const message = `Duplicate stage name ${quoted(name)}, stage names should be unique`;
        report(message, from, from.name?.range);
      }
      seen.add(name);
    }
  },
};

const reserved = new Set(['context', 'scratch']);

export const reservedStageName: Check = {
  name: 'ReservedStageName',
  description: 'Reserved words should not be used as stage names',
  from({ stage: { name }, from }, report) {
    if (name === undefined || !reserved.has(name)) return;
    const message = `Stage name should not use the same name as reserved stage ${quoted(name)}`;
    report(message, from, from.name?.range);
  },
};
