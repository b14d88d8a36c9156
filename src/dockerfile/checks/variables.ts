import { quoted } from '../../core/index.ts';
import { nearest } from '../suggest.ts';
import type { Word } from '../word.ts';
import type { Check } from './check.ts';

/** Read by the builder itself wherever they are set. */
const builderArgs = new Set(['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']);

export const undefinedVar: Check = {
  name: 'UndefinedVar',
  description: 'Variables should be defined before their use',
  instruction({ unset, place, knowsBase }, report) {
    for (const { name, word, suggestion } of unset) {
      if (builderArgs.has(name)) continue;
      // A base image that was not looked at may set it, unless it looks like a slip of the pen.
      if (suggestion === undefined && !knowsBase) continue;
      const hint = suggestion === undefined ? '' : ` (did you mean $${suggestion}?)`;
      report(`Usage of undefined variable '$${name}'${hint}`, place, word.range);
    }
  },
};

export const undefinedArgInFrom: Check = {
  name: 'UndefinedArgInFrom',
  description: 'FROM command must use declared ARGs',
  from({ from, image, platform, known }, report) {
    for (const word of platform ? [image, platform] : [image]) {
      for (const name of word.unmatched) {
        if (known.has(name)) continue;
        const suggestion = nearest(name, known.keys());
        const hint = suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`;
        report(`FROM argument '${name}' is not declared${hint}`, from, word.written.range);
      }
    }
  },
};

const secretWords =
  'apikey auth credential credentials key password pword passwd secret token'.split(' ');
const harmlessWords = 'public file version'.split(' ');

/** One of the words as the whole name, or as a part of it between underscores. */
const hasWord = (words: readonly string[]) =>
  new RegExp(`(?:_|^)(?:${words.join('|')})(?:_|$)`, 'i');

const looksSecret = hasWord(secretWords);
const looksHarmless = hasWord(harmlessWords);

export const secretsUsedInArgOrEnv: Check = {
  name: 'SecretsUsedInArgOrEnv',
  description: 'Sensitive data should not be used in the ARG or ENV commands',
  instruction({ instruction, place }, report) {
    let names: readonly Word[];
    if (instruction.kind === 'env') names = instruction.pairs.map(({ key }) => key);
    else if (instruction.kind === 'arg') names = instruction.definitions.map(({ name }) => name);
    else return;
    for (const { text, range } of names) {
      if (!looksSecret.test(text) || looksHarmless.test(text)) continue;
      const where = `${instruction.kind.toUpperCase()} ${quoted(text)}`;
      report(`Do not use ARG or ENV instructions for sensitive data (${where})`, place, range);
    }
  },
};
