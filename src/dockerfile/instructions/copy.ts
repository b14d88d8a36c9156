import { errorMessage } from '../../core/index.ts';
import { expand } from '../expand.ts';
import { type Delimiter, type Heredoc, parseHeredocOperator } from '../heredoc.ts';
import type { AddInstruction, CopyInstruction } from '../instruction.ts';
import { SyntaxFault } from '../syntax-error.ts';
import type { Word } from '../word.ts';
import { blankSeparated, jsonWords } from '../words.ts';
import { argsFault, argsOf, common, type Request, readFlags } from './request.ts';

const sharedFlags = {
  chown: 'string',
  chmod: 'string',
  link: 'boolean',
  exclude: 'strings',
} as const;

export function parseCopy(request: Request): CopyInstruction {
  const paths = readPaths(request);
  const flags = readFlags(request, { ...sharedFlags, from: 'string', parents: 'boolean' });
  return {
    ...common('copy', request),
    ...splitPaths(request, paths),
    ...sharedValues(flags),
    from: flags.from && checkedFrom(flags.from, request),
    parents: flags.parents ?? false,
  };
}

export function parseAdd(request: Request): AddInstruction {
  const paths = readPaths(request);
  const flags = readFlags(request, {
    ...sharedFlags,
    'keep-git-dir': 'boolean',
    checksum: 'string',
    unpack: 'boolean',
  });
  return {
    ...common('add', request),
    ...splitPaths(request, paths),
    ...sharedValues(flags),
    checksum: nonEmpty(flags.checksum),
    keepGitDir: flags['keep-git-dir'],
    unpack: flags.unpack,
  };
}

interface SharedFlags {
  readonly chown: Word | undefined;
  readonly chmod: Word | undefined;
  readonly link: boolean | undefined;
  readonly exclude: readonly Word[];
}

function sharedValues({ chown, chmod, link, exclude }: SharedFlags) {
  return {
    chown: nonEmpty(chown),
    chmod: nonEmpty(chmod),
    link: link ?? false,
    excludes: exclude,
  };
}

function nonEmpty(word: Word | undefined): Word | undefined {
  return word?.text === '' ? undefined : word;
}

interface Paths {
  readonly words: readonly Word[];
  readonly json: boolean;
}

function readPaths(request: Request): Paths {
  const args = argsOf(request);
  const json = jsonWords(args);
  const words = json ?? blankSeparated(args);
  if (words.length < 2) {
    const needs = 'requires at least two arguments, but only one was provided';
    const message = `${request.name} ${needs}. Destination could not be determined`;
    throw argsFault(request, message);
  }
  return { words, json: json !== undefined };
}

function splitPaths(request: Request, { words, json }: Paths) {
  const destination = words.at(-1)!;
  if (parseHeredocOperator(destination.text)) {
    const message = `${request.name} cannot accept a heredoc as a destination`;
    throw new SyntaxFault(message, destination.range);
  }
  const sources: Word[] = [];
  const inlineSources: Heredoc[] = [];
  // The last here-document of a name is the one its name stands for.
  const opened = new Map(request.heredocs.map((heredoc) => [heredoc.name, heredoc]));
  for (const word of words.slice(0, -1)) {
    const operator = parseHeredocOperator(word.text);
    if (!operator) sources.push(word);
    else inlineSources.push(inlineSource(word, operator, opened.get(operator.name)));
  }
  return { sources, inlineSources, destination, json };
}

/** The here-document a word stands for; one that was never opened, as in JSON, is empty. */
function inlineSource({ range }: Word, operator: Delimiter, opened: Heredoc | undefined): Heredoc {
  const nowhere = { start: range.end, end: range.end };
  return {
    ...operator,
    range,
    content: opened?.content ?? '',
    contentRange: opened?.contentRange ?? nowhere,
    terminatorRange: opened?.terminatorRange ?? nowhere,
  };
}

function checkedFrom(word: Word, { command }: Request): Word | undefined {
  if (word.text === '') return undefined;
  const { escapeToken } = command;
  let expanded: string;
  try {
    expanded = expand(word.text, () => undefined, { escapeToken });
  } catch (error) {
    throw new SyntaxFault(errorMessage(error), word.range);
  }
  if (expanded === word.text) return word;
  throw new SyntaxFault(
    'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
    word.range,
  );
}
