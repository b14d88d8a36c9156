import type { SourceRange } from './position.ts';

/** A piece of an instruction: its text with continuation lines joined, and where it stands. */
export interface Word {
  /** As written, quotes and escapes kept, variables not yet replaced. */
  readonly text: string;
  readonly range: SourceRange;
}
