import { invalid } from '../core/index.ts';

const bareQuote = (at: number) =>
  invalid(`parse error on line 1, column ${at + 1}: bare " in non-quoted-field`);
const unclosedQuote = (at: number) =>
  invalid(`parse error on line 1, column ${at + 1}: extraneous or missing " in quoted-field`);

/**
 * The fields of one line of comma-separated values, as the options of `--mount` are: a field in
 * double quotes may hold commas, and a doubled quote in it is one. Throws `invalid`.
 */
export function csvFields(text: string): string[] {
  if (text === '') throw invalid('EOF');
  const fields: string[] = [];
  for (let at = 0; at <= text.length; ) {
    const { field, end } = text[at] === '"' ? quotedField(text, at) : bareField(text, at);
    fields.push(field);
    at = end + 1;
  }
  return fields;
}

interface Field {
  readonly field: string;
  /** Where the comma after it stands, or the end of the text. */
  readonly end: number;
}

function bareField(text: string, start: number): Field {
  const comma = text.indexOf(',', start);
  const end = comma < 0 ? text.length : comma;
  const field = text.slice(start, end);
  if (field.includes('"')) throw bareQuote(start + field.indexOf('"'));
  return { field, end };
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
  return { field, end: at };
}
