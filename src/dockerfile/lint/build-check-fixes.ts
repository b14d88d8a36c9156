import type { CheckWarning } from '../checks/check-dockerfile.ts';
import type { Dockerfile } from '../parse.ts';
import type { SourceRange } from '../position.ts';
import { type Fix, replacement } from './rule.ts';

type Fixer = (warning: CheckWarning, dockerfile: Dockerfile) => Fix | undefined;

/** The fix of what one of BuildKit's checks found; undefined where there is none that is safe. */
export function buildCheckFix(warning: CheckWarning, dockerfile: Dockerfile): Fix | undefined {
  return Object.hasOwn(fixers, warning.check)
    ? fixers[warning.check]?.(warning, dockerfile)
    : undefined;
}

/** Whether there is a fix for what the check of this name finds. */
export function hasCheckFix(name: string): boolean {
  return Object.hasOwn(fixers, name);
}

const fixers: Readonly<Record<string, Fixer>> = {
  ConsistentInstructionCasing: ({ focus, message }, { source }) =>
    cased(focus, source.text, message.endsWith('(lowercase)')),
  FromAsCasing: ({ focus }, { source, stages }) => {
    const from = stages.find((stage) => stage.from.asKeyword?.range === focus)?.from;
    const keyword = from?.keyword.text ?? '';
    return cased(focus, source.text, keyword === keyword.toLowerCase());
  },
  LegacyKeyValueFormat: joinedByEquals,
  NoEmptyContinuation: ({ range }, { source, emptyContinuations }) =>
    emptyContinuations
      .find(({ line }) => line === range.start.line)
      ?.emptyLines.map((line) => ({
        start: source.lineStart(line),
        end: source.lineStart(line + 1),
        text: '',
      })),
};

function cased(range: SourceRange, text: string, lower: boolean): Fix {
  const word = text.slice(range.start.offset, range.end.offset);
  return [replacement(range, lower ? word.toLowerCase() : word.toUpperCase())];
}

/** `ENV key value` as `ENV key=value`, the value in quotes where a blank would end it. */
function joinedByEquals({ focus }: CheckWarning, dockerfile: Dockerfile): Fix | undefined {
  const { text } = dockerfile.source;
  for (const instruction of dockerfile.instructions) {
    if (instruction.kind !== 'env' && instruction.kind !== 'label') continue;
    const pair = instruction.pairs.find(({ key }) => key.range === focus);
    if (!pair) continue;
    const { start, end } = pair.value.range;
    const value = text.slice(start.offset, end.offset);
    // Quotes and escapes mean other things in the other form.
    if (value === '' || /["'\\`\n]/.test(value)) return undefined;
    const quote = /\s/.test(value) ? '"' : '';
    return [
      { start: focus.end.offset, end: start.offset, text: `=${quote}` },
      { start: end.offset, end: end.offset, text: quote },
    ];
  }
  return undefined;
}
