import { quoted } from '../../core/index.ts';
import { descriptionsIn } from '../doc-comments.ts';
import type {
  ArgDefinition,
  ArgInstruction,
  EnvInstruction,
  KeyValue,
  LabelInstruction,
} from '../instruction.ts';
import type { LogicalLine } from '../logical-line.ts';
import { isBlank } from '../space.ts';
import { SyntaxFault } from '../syntax-error.ts';
import type { Word } from '../word.ts';
import { type QuotedWord, quotedWords, type Stretch } from '../words.ts';
import { argsFault, argsOf, common, type Request, readFlags } from './request.ts';

export function parseEnv(request: Request): EnvInstruction {
  return { ...common('env', request), pairs: readPairs(request) };
}

export function parseLabel(request: Request): LabelInstruction {
  return { ...common('label', request), pairs: readPairs(request) };
}

export function parseArg(request: Request): ArgInstruction {
  const { command, comments } = request;
  const words = quotedWords(argsOf(request), command.escapeToken);
  if (words.length === 0) throw argsFault(request, 'ARG requires at least one argument');
  const descriptions = descriptionsIn(comments);
  const definitions = words.map((word): ArgDefinition => {
    const [name, defaultValue] = splitAtEquals(command.line, word);
    if (name.text === '') throw new SyntaxFault('ARG names can not be blank', name.range);
    return { name, defaultValue, description: descriptions.get(name.text) };
  });
  return { ...common('arg', request), definitions };
}

/** The pairs of ENV and LABEL: `=` in the first word decides between the form of today and the old. */
function readPairs(request: Request): KeyValue[] {
  const { name, command } = request;
  const args = argsOf(request);
  const words = quotedWords(args, command.escapeToken);
  const isLegacy = words.length > 0 && !words[0]!.text.includes('=');
  const pairs = isLegacy
    ? [legacyPair(request, args)]
    : words.map((word) => keyValue(command.line, word));
  readFlags(request, {});
  if (pairs.length === 0) throw argsFault(request, `${name} requires at least one argument`);
  for (const { key } of pairs) {
    if (key.text === '') throw new SyntaxFault(`${name} names can not be blank`, key.range);
  }
  return pairs;
}

function legacyPair(request: Request, { line, start, end }: Stretch): KeyValue {
  let keyEnd = start;
  while (keyEnd < end && !isBlank(line.text.charCodeAt(keyEnd))) keyEnd++;
  if (keyEnd === end) throw argsFault(request, `${request.name} must have two arguments`);
  let valueStart = keyEnd;
  while (valueStart < end && isBlank(line.text.charCodeAt(valueStart))) valueStart++;
  return { key: line.word(start, keyEnd), value: line.word(valueStart, end), legacy: true };
}

function keyValue(line: LogicalLine, word: QuotedWord): KeyValue {
  const [key, value] = splitAtEquals(line, word);
  if (value) return { key, value, legacy: false };
  const message = `Syntax error - can't find = in ${quoted(word.text)}. Must be of the form: name=value`;
  throw new SyntaxFault(message, key.range);
}

function splitAtEquals(line: LogicalLine, { start, end, text }: QuotedWord): [Word, Word?] {
  const equals = text.indexOf('=');
  if (equals < 0) return [line.word(start, end)];
  return [line.word(start, start + equals), line.word(start + equals + 1, end)];
}
