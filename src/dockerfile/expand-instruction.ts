import { errorMessage } from '../core/index.ts';
import type { EscapeToken } from './directives.ts';
import { type ExpandOptions, expand, expandWords, expansionOf, type Lookup } from './expand.ts';
import { type Heredoc, heredocContent } from './heredoc.ts';
import type {
  AddInstruction,
  CopyInstruction,
  KeyValue,
  RunInstruction,
  StageInstruction,
} from './instruction.ts';
import { parseMount } from './run-mount.ts';
import { SyntaxFault } from './syntax-error.ts';
import type { Word } from './word.ts';

/** What an instruction's variables are replaced from. */
export interface Replacement {
  readonly lookup: Lookup;
  readonly escapeToken: EscapeToken;
  /** Told each name that was looked up in vain. */
  readonly onUnset?: (name: string, word: Word) => void;
}

/**
 * The instruction with its variables replaced; `instruction.ts` says of each kind which parts.
 * ARG is left as it is, because its values depend on the build (see StageScope). Throws a fault.
 */
export function expandInstruction<Kind extends StageInstruction>(
  instruction: Kind,
  replacement: Replacement,
): Kind {
  return replaced(instruction, replacement) as Kind;
}

function replaced(instruction: StageInstruction, replacement: Replacement): StageInstruction {
  const word = (written: Word) => expandWord(written, replacement);
  switch (instruction.kind) {
    case 'env':
    case 'label':
      return { ...instruction, pairs: instruction.pairs.map((pair) => expandPair(pair, word)) };
    case 'copy':
    case 'add':
      return expandCopy(instruction, replacement);
    case 'run':
      return expandRun(instruction, replacement);
    case 'expose':
      return {
        ...instruction,
        // BuildKit sorts them as they are written, which shows in the history.
        ports: instruction.ports
          .toSorted((a, b) => (a.text < b.text ? -1 : 1))
          .flatMap((port) => split(port, replacement)),
      };
    case 'user':
      return { ...instruction, user: word(instruction.user) };
    case 'workdir':
      return { ...instruction, path: word(instruction.path) };
    case 'volume':
      return { ...instruction, paths: instruction.paths.map(word) };
    case 'stopsignal':
      return { ...instruction, signal: word(instruction.signal) };
    case 'arg':
    case 'cmd':
    case 'entrypoint':
    case 'healthcheck':
    case 'maintainer':
    case 'onbuild':
    case 'shell':
      return instruction;
  }
}

/** The word with its variables replaced. Throws a fault that points at it. */
export function expandWord(word: Word, replacement: Replacement): Word {
  const text = expandText(word, word.text, replacement, {
    escapeToken: replacement.escapeToken,
  });
  return text === word.text ? word : { ...word, text };
}

function expandText(
  word: Word,
  text: string,
  { lookup, onUnset }: Replacement,
  options: ExpandOptions,
): string {
  try {
    if (!onUnset || !text.includes('$')) return expand(text, lookup, options);
    const { text: result, unmatched } = expansionOf(text, lookup, options);
    for (const name of unmatched) onUnset(name, word);
    return result;
  } catch (error) {
    throw new SyntaxFault(errorMessage(error), word.range);
  }
}

function expandPair(pair: KeyValue, word: (written: Word) => Word): KeyValue {
  return { ...pair, key: word(pair.key), value: word(pair.value) };
}

function split(word: Word, { lookup, escapeToken }: Replacement): Word[] {
  try {
    return expandWords(word.text, lookup, { escapeToken }).map((text) => ({ ...word, text }));
  } catch (error) {
    throw new SyntaxFault(errorMessage(error), word.range);
  }
}

function expandCopy<Kind extends CopyInstruction | AddInstruction>(
  instruction: Kind,
  replacement: Replacement,
): Kind {
  const word = (written: Word) => expandWord(written, replacement);
  const { chown, chmod, sources, destination, inlineSources } = instruction;
  const checksum =
    instruction.kind === 'add' && instruction.checksum
      ? { checksum: word(instruction.checksum) }
      : {};
  return {
    ...instruction,
    ...checksum,
    chown: chown && word(chown),
    chmod: chmod && word(chmod),
    sources: sources.map(word),
    destination: word(destination),
    inlineSources: inlineSources.map((heredoc) => expandHeredoc(heredoc, replacement)),
  };
}

/** The final content: tabs stripped if `<<-` asked for it, variables replaced unless quoted. */
function expandHeredoc(heredoc: Heredoc, replacement: Replacement): Heredoc {
  const content = heredocContent(heredoc);
  const word = { text: `<<${heredoc.name}`, range: heredoc.range };
  return {
    ...heredoc,
    stripTabs: false,
    expand: false,
    content: heredoc.expand
      ? expandText(word, content, replacement, { ignoreQuotes: true })
      : content,
  };
}

function expandRun(instruction: RunInstruction, replacement: Replacement): RunInstruction {
  const { escapeToken, onUnset, lookup } = replacement;
  const mounts = instruction.mounts.map(({ word }) => {
    const told: Lookup = (name) => {
      const value = lookup(name);
      if (value === undefined) onUnset?.(name, word);
      return value;
    };
    return parseMount(word, told, { escapeToken });
  });
  return { ...instruction, mounts };
}
