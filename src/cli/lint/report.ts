import type { Finding } from '../../dockerfile/lint/index.ts';

/** The findings in one file. */
export interface FileReport {
  /** As given on the command line; `-` is standard input. */
  readonly name: string;
  readonly findings: readonly Finding[];
}

export interface FormatOptions {
  readonly color: boolean;
  /** In place of the file's name, in the formats that other tools read. */
  readonly pathInReport: string | undefined;
  readonly now: Date;
}

/** Turns reports into the whole text of one format. */
export type Formatter = (reports: readonly FileReport[], options: FormatOptions) => string;
