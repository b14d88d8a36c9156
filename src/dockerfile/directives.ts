import type { SourceRange, SourceText } from './position.ts';
import { SyntaxFault } from './syntax-error.ts';

export type DirectiveName = 'syntax' | 'escape' | 'check';

/** A parser directive, `# name=value`, from the very top of the file. */
export interface Directive {
  readonly name: DirectiveName;
  readonly value: string;
  readonly range: SourceRange;
  readonly valueRange: SourceRange;
}

/** The character that continues a line and takes a character's special meaning away. */
export type EscapeToken = '\\' | '`';

const form = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+)$/;

/** Reads directives as long as there are any: the first line that is none ends them. */
export interface DirectiveReader {
  readonly directives: readonly Directive[];
  /** What the `escape` directive set. */
  readonly escapeToken: EscapeToken;
  /** Whether the line at [start, end) is a directive, a faulty one too. */
  read(start: number, end: number): boolean;
}

/** Faults go to `report`, which may throw. */
export function directiveReader(
  source: SourceText,
  report: (fault: SyntaxFault) => void,
): DirectiveReader {
  const directives: Directive[] = [];
  let escapeToken: EscapeToken = '\\';
  let done = false;
  return {
    directives,
    get escapeToken() {
      return escapeToken;
    },
    read(start, end) {
      if (done) return false;
      const directive = directiveIn(source, start, end);
      if (!directive) {
        done = true;
        return false;
      }
      const { name, value, range, valueRange } = directive;
      if (directives.some((earlier) => earlier.name === name)) {
        report(new SyntaxFault(`only one ${name} parser directive can be used`, range));
      } else if (name === 'escape') {
        if (value === '\\' || value === '`') escapeToken = value;
        else {
          const message = `invalid escape token '${value}' does not match \` or \\`;
          report(new SyntaxFault(message, valueRange));
        }
      }
      directives.push(directive);
      return true;
    },
  };
}

function directiveIn(source: SourceText, start: number, end: number): Directive | undefined {
  const text = source.text.slice(start, end).trimEnd();
  const match = text.startsWith('#') ? form.exec(text.slice(1).trimStart()) : null;
  const name = match?.[1]?.toLowerCase();
  if (name !== 'syntax' && name !== 'escape' && name !== 'check') return undefined;
  const value = match?.[2] ?? '';
  const textEnd = start + text.length;
  return {
    name,
    value,
    range: source.range(start, textEnd),
    valueRange: source.range(textEnd - value.length, textEnd),
  };
}
