import { BerthError, errorMessage, invalid } from '../core/index.ts';
import { SyntaxFault } from './syntax-error.ts';
import { rangeInWord, type Word } from './word.ts';

const bareQuote = (at: number) =>
  invalid(`parse error on line 1, column ${at + 1}: bare " in non-quoted-field`);
const unclosedQuote = (at: number) =>
  invalid(`parse error on line 1, column ${at + 1}: extraneous or missing " in quoted-field`);

/**
 * The fields of one line of comma-separated values, as the options of `--mount` are: a field in
 * double quotes may hold commas, and a doubled quote in it is one. Throws `invalid`.
 */
function csvFields(text: string): Field[] {
  if (text === '') throw invalid('EOF');
  const fields: Field[] = [];
  for (let at = 0; at <= text.length; ) {
    const field = text[at] === '"' ? quotedField(text, at) : bareField(text, at);
    fields.push(field);
    at = field.end + 1;
  }
  return fields;
}

/**
 * Gives each field of a flag's value to `read`; what that throws becomes a fault that points at the
 * field. `what` names the flag's values in messages. Throws a fault.
 */
export function readFields(word: Word, what: string, read: (field: string) => void): void {
  for (const { field, start, end } of fieldsOf(word, what)) {
    try {
      read(field);
    } catch (error) {
      if (!(error instanceof SyntaxFault || error instanceof BerthError)) throw error;
      const suggestion = error instanceof SyntaxFault ? error.suggestion : undefined;
      throw new SyntaxFault(errorMessage(error), rangeInWord(word, start, end), suggestion);
    }
  }
}

function fieldsOf(word: Word, what: string): Field[] {
  try {
    return csvFields(word.text);
  } catch (error) {
    throw new SyntaxFault(`failed to parse csv ${what}: ${errorMessage(error)}`, word.range);
  }
}

interface Field {
  readonly field: string;
  readonly start: number;
  /** Where the comma after it stands, or the end of the text. */
  readonly end: number;
}

function bareField(text: string, start: number): Field {
  const comma = text.indexOf(',', start);
  const end = comma < 0 ? text.length : comma;
  const field = text.slice(start, end);
  if (field.includes('"')) throw bareQuote(start + field.indexOf('"'));
  return { field, start, end };
}

function quotedField(text: string, start: number): Field {
  let field = '';
  let at = start;
  do {
    const close = text.indexOf('"', at + 1);
    if (close < 0) throw unclosedQuote(at + 1);
    field += (at === start ? '' : '"') + text.slice(at + 1, close);
    at = close + 1;
  } while (text[at] === '"');
  if (at < text.length && text[at] !== ',') throw unclosedQuote(at - 1);
  return { field, start, end: at };
}
