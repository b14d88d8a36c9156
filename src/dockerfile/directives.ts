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

const form = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;

export interface DirectiveReader {
  /** The directive in the line `text` that starts at `offset`, or undefined once there are no more. */
  read(text: string, offset: number): Directive | undefined;
}

/** Directives stand before everything else: the first line that is none ends them. Throws a fault. */
export function directiveReader(source: SourceText): DirectiveReader {
  const seen = new Set<string>();
  let done = false;
  return {
    read(text, offset) {
      if (done) return undefined;
      const body = text.startsWith('#') ? text.slice(1).trimStart() : '';
      const match = form.exec(body);
      const name = match?.[1]?.toLowerCase();
      if (!match || (name !== 'syntax' && name !== 'escape' && name !== 'check')) {
        done = true;
        return undefined;
      }
      const range = source.range(offset, offset + text.trimEnd().length);
      if (seen.has(name)) {
        throw new SyntaxFault(`only one ${name} parser directive can be used`, range);
      }
      seen.add(name);
      const value = match[2]!;
      const valueAt = offset + text.trimEnd().length - value.length;
      const valueRange = source.range(valueAt, valueAt + value.length);
      return { name, value, range, valueRange };
    },
  };
}

/** The token an `escape` directive asks for. Throws a fault. */
export function escapeTokenOf({ value, valueRange }: Directive): EscapeToken {
  if (value === '\\' || value === '`') return value;
  throw new SyntaxFault(`invalid escape token '${value}' does not match \` or \\`, valueRange);
}
