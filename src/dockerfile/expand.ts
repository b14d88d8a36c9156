import { BerthError, invalid, quoted } from '../core/index.ts';
import type { EscapeToken } from './directives.ts';
import { substitute, trimPrefix, trimSuffix } from './shell-pattern.ts';
import { variableNameEnd } from './variable-name.ts';
import { type Piece, wordCollector } from './word-collector.ts';

/** The value of a variable, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface ExpandOptions {
  /** What takes the special meaning from the next character; `\` unless a directive says otherwise. */
  readonly escapeToken?: EscapeToken;
  /** Keep the quotes in the result; they still protect what they enclose. */
  readonly keepQuotes?: boolean;
  /** Keep the escapes in the result. */
  readonly keepEscapes?: boolean;
  /** Quotes are ordinary characters, as in the body of a here-document. */
  readonly ignoreQuotes?: boolean;
  /** Leave `$name` as it stands when the variable is not set. */
  readonly keepUnset?: boolean;
}

/** The outcome of an expansion. */
export interface Expansion {
  readonly text: string;
  /** The result split at white space that no quote protects, after variables were replaced. */
  readonly words: readonly string[];
  /** Where each word starts and ends in what was expanded. */
  readonly spans: readonly { readonly start: number; readonly end: number }[];
  /** Names looked up and found; names looked up in vain. */
  readonly matched: ReadonlySet<string>;
  readonly unmatched: ReadonlySet<string>;
}

const special = /[$'"\\`]/;

/**
 * Replaces variables in a word as BuildKit does for ENV, COPY and their like: `$x`, `${x}`, the
 * modifiers `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`, quotes and escapes. Throws
 * `invalid`, and whatever `${x:?message}` says.
 */
export function expand(word: string, lookup: Lookup, options: ExpandOptions = {}): string {
  return special.test(word) ? expansionOf(word, lookup, options).text : word;
}

/** Like `expand`, split into words after the variables were replaced, as EXPOSE needs it. */
export function expandWords(
  word: string,
  lookup: Lookup,
  options: ExpandOptions = {},
): readonly string[] {
  return expansionOf(word, lookup, options).words;
}

/** Like `expand`, with all that can be learned by the way. */
export function expansionOf(word: string, lookup: Lookup, options: ExpandOptions = {}): Expansion {
  const lexer: Lexer = {
    word,
    at: 0,
    lookup,
    escapeToken: options.escapeToken ?? '\\',
    options,
    keepEscapes: options.keepEscapes ?? false,
    depth: 0,
    patternSteps: 0,
    matched: new Set(),
    unmatched: new Set(),
  };
  try {
    const { text, words, spans } = readUntil(lexer, '', lexer.keepEscapes);
    return { text, words, spans, matched: lexer.matched, unmatched: lexer.unmatched };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    const shown = word.length > maxShown ? `${word.slice(0, maxShown)}…` : word;
    throw invalid(`failed to process ${quoted(shown)}: ${error.message}`, { cause: error });
  }
}

/** Where the reading of a word stands. */
interface Lexer {
  readonly word: string;
  at: number;
  readonly lookup: Lookup;
  readonly escapeToken: EscapeToken;
  readonly options: ExpandOptions;
  /** Differs from the option inside patterns, which read their escapes themselves. */
  keepEscapes: boolean;
  /** How many `${` are open. */
  depth: number;
  /** What patterns cost so far. */
  patternSteps: number;
  readonly matched: Set<string>;
  readonly unmatched: Set<string>;
}

/** Characters of a word that a message repeats; the body of a here-document is a word too. */
const maxShown = 500;

/** How deep `${}` may nest: far beyond any use, and safe for the stack. */
const maxDepth = 100;

/** Steps that the patterns of one word may take, pattern times value, all together. */
const maxPatternSteps = 1 << 24;

function countSteps(lexer: Lexer, value: string, pattern: string): void {
  lexer.patternSteps += value.length * Math.max(1, pattern.length);
  if (lexer.patternSteps > maxPatternSteps) {
    throw invalid(`patterns take more than ${maxPatternSteps} steps`);
  }
}

/**
 * Reads up to the character `stop` and past it, or to the end when `stop` is empty. In a pattern,
 * an escape that quotes made literal is doubled, because the pattern is read once more.
 */
function readUntil(lexer: Lexer, stop: string, keepEscapes: boolean, inPattern = false): Piece {
  const { word, options } = lexer;
  const outer = lexer.keepEscapes;
  lexer.keepEscapes = keepEscapes;
  const out = wordCollector();
  try {
    while (lexer.at < word.length) {
      const at = lexer.at;
      const character = word[at]!;
      if (character === stop) {
        lexer.at++;
        return out.finish(at);
      }
      if (character === '$') out.add(readDollar(lexer), at);
      else if (character === '<') out.addProtected(readHeredocOperator(lexer), at);
      else if (character === "'" && !options.ignoreQuotes) {
        out.addProtected(readSingleQuoted(lexer), at);
      } else if (character === '"' && !options.ignoreQuotes) {
        out.addProtected(readDoubleQuoted(lexer, inPattern), at);
      } else if (character === lexer.escapeToken) out.addProtected(readEscaped(lexer), at);
      else {
        lexer.at++;
        out.add(character, at);
      }
    }
  } finally {
    lexer.keepEscapes = outer;
  }
  if (stop !== '') {
    throw invalid(`unexpected end of statement while looking for matching ${stop}`);
  }
  return out.finish(lexer.at);
}

function readEscaped(lexer: Lexer): string {
  const kept = lexer.keepEscapes ? lexer.escapeToken : '';
  lexer.at++;
  // An escape with nothing after it vanishes.
  return lexer.at < lexer.word.length ? kept + lexer.word[lexer.at++] : kept;
}

/** `<<` takes the blanks behind it along, so that the delimiter of a here-document stays with it. */
function readHeredocOperator(lexer: Lexer): string {
  const start = lexer.at++;
  if (lexer.word[lexer.at] !== '<') return '<';
  do lexer.at++;
  while (lexer.at < lexer.word.length && ' \t\r'.includes(lexer.word[lexer.at]!));
  return lexer.word.slice(start, lexer.at);
}

/** In a pattern an escape is one in these quotes, too, as BuildKit has it. */
function readSingleQuoted(lexer: Lexer): string {
  const { word } = lexer;
  const close = word.indexOf("'", lexer.at + 1);
  if (close < 0) {
    lexer.at = word.length;
    throw invalid('unexpected end of statement while looking for matching single-quote');
  }
  const quote = lexer.options.keepQuotes ? "'" : '';
  const body = word.slice(lexer.at + 1, close);
  lexer.at = close + 1;
  return quote + body + quote;
}

function readDoubleQuoted(lexer: Lexer, inPattern: boolean): string {
  const { word, escapeToken, options } = lexer;
  const quote = options.keepQuotes ? '"' : '';
  let out = quote;
  lexer.at++;
  while (lexer.at < word.length) {
    const character = word[lexer.at]!;
    if (character === '$') {
      out += readDollar(lexer);
      continue;
    }
    lexer.at++;
    if (character === '"') return out + quote;
    if (character !== escapeToken) out += character;
    else if (lexer.at < word.length) {
      const next = word[lexer.at]!;
      if (next === '"' || next === '$' || next === escapeToken) {
        out += lexer.keepEscapes ? escapeToken + next : next;
        lexer.at++;
      } else {
        const doubled = lexer.keepEscapes && (!options.keepQuotes || inPattern);
        out += doubled ? escapeToken + escapeToken : escapeToken;
      }
    }
  }
  throw invalid('unexpected end of statement while looking for matching double-quote');
}

function look(lexer: Lexer, name: string): string | undefined {
  const value = lexer.lookup(name);
  (value === undefined ? lexer.unmatched : lexer.matched).add(name);
  return value;
}

function readName(lexer: Lexer): string {
  const start = lexer.at;
  lexer.at = variableNameEnd(lexer.word, start);
  return lexer.word.slice(start, lexer.at);
}

function readDollar(lexer: Lexer): string {
  lexer.at++;
  if (lexer.word[lexer.at] === '{') return readBraced(lexer);
  const name = readName(lexer);
  if (name === '') return '$';
  return look(lexer, name) ?? (lexer.options.keepUnset ? `$${name}` : '');
}

function readBraced(lexer: Lexer): string {
  if (lexer.depth >= maxDepth) throw invalid(`variables nest deeper than ${maxDepth}`);
  lexer.depth++;
  const text = readBracedParts(lexer);
  lexer.depth--;
  return text;
}

function readBracedParts(lexer: Lexer): string {
  const { word } = lexer;
  lexer.at++;
  const first = word[lexer.at];
  if (first === undefined) throw invalid("syntax error: missing '}'");
  if (first === '{' || first === '}' || first === ':') {
    throw invalid('syntax error: bad substitution');
  }
  const name = readName(lexer);
  const operator = word[lexer.at++] ?? pastEnd;
  switch (operator) {
    case '}':
      return look(lexer, name) ?? (lexer.options.keepUnset ? `\${${name}}` : '');
    case ':':
      return readModifier(lexer, name, `:${word[lexer.at++] ?? pastEnd}`);
    case '+':
    case '-':
    case '?':
    case '#':
    case '%':
      return readModifier(lexer, name, operator);
    case '/':
      return readSubstitution(lexer, name);
    default:
      throw invalid(`unsupported modifier (${operator}) in substitution`);
  }
}

interface OperandForm {
  readonly stop: '}' | '/';
  readonly keepEscapes: boolean;
  readonly isPattern: boolean;
  readonly missing: string;
}

const wordForm = { stop: '}', keepEscapes: false, isPattern: false, missing: "'}'" } as const;
const trimForm = { stop: '}', keepEscapes: true, isPattern: true, missing: "'}'" } as const;
const patternForm = {
  stop: '/',
  keepEscapes: true,
  isPattern: true,
  missing: `'/' in \${}`,
} as const;
const replacementForm = { stop: '}', keepEscapes: true, isPattern: false, missing: "'}'" } as const;

/** Reads an operand; a fault at the very end is reported as the closing character that is missing. */
function readOperand(lexer: Lexer, form: OperandForm): string {
  try {
    return readUntil(lexer, form.stop, form.keepEscapes, form.isPattern).text;
  } catch (error) {
    if (lexer.at < lexer.word.length) throw error;
    throw invalid(`syntax error: missing ${form.missing}`, { cause: error });
  }
}

function readModifier(lexer: Lexer, name: string, modifier: string): string {
  const operator = modifier.at(-1)!;
  const isTrim = operator === '#' || operator === '%';
  const unsupported = () => invalid(`unsupported modifier (${modifier}) in substitution`);
  if (isTrim && modifier.length > 1) throw unsupported();
  const operand = readOperand(lexer, isTrim ? trimForm : wordForm);
  const value = look(lexer, name);
  if (value === undefined && lexer.options.keepUnset) return `\${${name}${modifier}${operand}}`;
  const isSet = value !== undefined && !(modifier.length > 1 && value === '');
  switch (operator) {
    case '-':
      return isSet ? value : operand;
    case '+':
      return isSet ? operand : '';
    case '?': {
      if (isSet) return value;
      const state = value === undefined ? 'unset' : 'empty';
      throw invalid(`${name}: ${operand || `is not allowed to be ${state}`}`);
    }
    case '#':
    case '%': {
      countSteps(lexer, value ?? '', operand);
      const longest = operand.startsWith(operator);
      const trim = operator === '#' ? trimPrefix : trimSuffix;
      return trim(value ?? '', longest ? operand.slice(1) : operand, longest);
    }
    default:
      throw unsupported();
  }
}

function readSubstitution(lexer: Lexer, name: string): string {
  const all = lexer.word[lexer.at] === '/';
  if (all) lexer.at++;
  const pattern = readOperand(lexer, patternForm);
  const replacement = readOperand(lexer, replacementForm);
  const value = look(lexer, name);
  if (value === undefined && lexer.options.keepUnset)
    return `\${${name}/${pattern}/${replacement}}`;
  countSteps(lexer, value ?? '', pattern);
  return substitute(value ?? '', pattern, { replacement, all });
}

/** What Go prints for a character read past the end. */
const pastEnd = '\ufffd';
