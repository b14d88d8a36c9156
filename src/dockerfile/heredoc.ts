import { type ExpandOptions, type Expansion, expansionOf } from './expand.ts';
import type { LogicalLine } from './logical-line.ts';
import type { SourceRange } from './position.ts';

/** A here-document of RUN, COPY or ADD. */
export interface Heredoc {
  /** The delimiter without its quotes; COPY and ADD name the file after it. */
  readonly name: string;
  /** False when any part of the delimiter was quoted: then nothing in the content is replaced. */
  readonly expand: boolean;
  /** `<<-`: leading tabs of each line do not count. */
  readonly stripTabs: boolean;
  readonly fileDescriptor: number;
  /** As written, tabs included; see `heredocContent`. */
  readonly content: string;
  /** The `<<NAME` in the instruction. */
  readonly range: SourceRange;
  readonly contentRange: SourceRange;
  /** The line that ends it. */
  readonly terminatorRange: SourceRange;
}

export type HeredocOperator = Omit<Heredoc, 'content' | 'contentRange' | 'terminatorRange'>;

const operatorForm = /^(\d*)<<(-?)/;

const unset = (): undefined => undefined;

/** What the word that opens a here-document says about it. */
export type Delimiter = Pick<Heredoc, 'name' | 'expand' | 'stripTabs' | 'fileDescriptor'>;

/** What a word such as `<<-"EOF"` announces, or undefined when it is no here-document. */
export function parseHeredocOperator(word: string): Delimiter | undefined {
  const match = word.includes('<<') ? operatorForm.exec(word) : null;
  const rest = match ? word.slice(match[0].length).trimStart() : '';
  if (!match || rest === '' || rest.includes('<')) return undefined;
  const plain = wordsUnlessFaulty(rest, { keepUnset: true }).words;
  if (plain.length !== 1) return undefined;
  const [name = ''] = plain;
  const [raw = ''] = wordsUnlessFaulty(rest, { keepUnset: true, keepQuotes: true }).words;
  const quotes = (text: string) => text.replace(/[^'"]/g, '').length;
  return {
    name,
    // An escaped quote stands in both; one that quotes stands only where quotes were kept.
    expand: quotes(name) === quotes(raw),
    stripTabs: match[2] === '-',
    fileDescriptor: Number(match[1]),
  };
}

/** The here-documents a logical line announces, in their order. */
export function heredocOperators(line: LogicalLine): HeredocOperator[] {
  if (!line.text.includes('<<')) return [];
  const options = { keepQuotes: true, keepEscapes: true, keepUnset: true };
  const { words, spans } = wordsUnlessFaulty(line.text, options);
  return words.flatMap((word, index) => {
    const delimiter = parseHeredocOperator(word);
    const span = spans[index]!;
    return delimiter ? [{ ...delimiter, range: line.range(span.start, span.end) }] : [];
  });
}

/** What is no well-formed shell text, such as a lone quote, announces nothing. */
function wordsUnlessFaulty(
  text: string,
  options: ExpandOptions,
): Pick<Expansion, 'words' | 'spans'> {
  try {
    return expansionOf(text, unset, options);
  } catch {
    return { words: [], spans: [] };
  }
}

/** The content as the command or the copied file gets it: without leading tabs after `<<-`. */
export function heredocContent({ content, stripTabs }: Heredoc): string {
  return stripTabs ? content.replace(/^\t+/gm, '') : content;
}
