import { compileGoPattern, errorMessage, invalid } from '../../../core/index.ts';

/** What filters may ask of a subject, by name. */
export interface FieldsOf<Subject> {
  /** What it is part of, for messages. */
  readonly subject: string;
  /** What can be compared. */
  readonly texts: Readonly<Record<string, (subject: Subject) => string>>;
  /** What is so or is not. */
  readonly flags: Readonly<Record<string, (subject: Subject) => boolean>>;
}

/**
 * Which subjects a client means by its filters (containerd's, pkg/filters): in each, all of
 * `id~=pattern,type==regular,inuse` must hold, and of several filters one. Throws `invalid`.
 */
export function selectorFilter<Subject>(
  filters: readonly string[],
  fields: FieldsOf<Subject>,
): (subject: Subject) => boolean {
  const any = filters.filter(Boolean).map((filter) => {
    try {
      return selectorsOf(filter, fields);
    } catch (cause) {
      const why = `filters: parse error: ${errorMessage(cause)}`;
      throw invalid(`failed to parse filters [${filter}]: ${why}`, { cause });
    }
  });
  return (subject) =>
    any.length === 0 || any.some((all) => all.every((matches) => matches(subject)));
}

const selector = /([a-zA-Z][\w.]*)(?:(==|!=|~=)("(?:[^"\\]|\\.)*"|[^,"=]*))?(?:,|$)/y;

function selectorsOf<Subject>(filter: string, fields: FieldsOf<Subject>) {
  const found: ((subject: Subject) => boolean)[] = [];
  selector.lastIndex = 0;
  for (let at = 0; at < filter.length; at = selector.lastIndex) {
    const match = selector.exec(filter);
    if (!match) throw invalid(`[${filter.slice(0, at)} >|${filter.slice(at)}|<]`);
    const [, name = '', operator, value = ''] = match;
    found.push(selectorOf(fields, { name, operator, value: unquoted(value) }));
  }
  return found;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}

function selectorOf<Subject>(
  { subject, flags, texts }: FieldsOf<Subject>,
  { name, operator, value }: { name: string; operator: string | undefined; value: string },
): (subject: Subject) => boolean {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  const isWanted = operator === undefined || (value !== 'false') === (operator !== '!=');
  if (flag) return (one) => flag(one) === isWanted;
  const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
  if (!text) throw invalid(`${subject} knows no ${JSON.stringify(name.slice(0, 80))}`);
  switch (operator) {
    case '==':
      return (one) => text(one) === value;
    case '!=':
      return (one) => text(one) !== value;
    case '~=': {
      const pattern = compileGoPattern(value);
      return (one) => pattern.test(text(one));
    }
    default:
      return (one) => text(one) !== '';
  }
}
