/** What stands in a word's text for anything that is expanded. */
export const expansion = `\${VAR}`;

/** A word of a command as the shell would pass it on, as far as that is known without running it. */
export interface ShellWord {
  /** Quotes and escapes resolved; each expansion stands as `${VAR}`. */
  readonly text: string;
  /** Whether nothing in it is expanded. */
  readonly isLiteral: boolean;
  /** Bounds in the script's text. */
  readonly start: number;
  readonly end: number;
}

export interface ShellAssignment {
  readonly name: string;
  readonly value: ShellWord;
}

/** A command with its arguments, found at any depth: in a list, a subshell, a substitution. */
export interface SimpleCommand {
  readonly script: ShellScript;
  /** The program as written, or empty when it is known only at run time. */
  readonly name: string;
  readonly nameWord: ShellWord;
  readonly args: readonly ShellWord[];
  readonly assignments: readonly ShellAssignment[];
  /** After its last word, in the script's text. */
  readonly end: number;
}

/** A shell script, read for the commands in it. */
export interface ShellScript {
  readonly text: string;
  /** The shell it goes to, in words, when that is not the one of the RUN. */
  readonly shell?: readonly string[];
  /** How its text stands in the Dockerfile: as it is, each word a JSON string of its own, or escaped. */
  readonly written: 'plain' | 'words' | 'escaped';
  /** In the order of the text, outer commands before those in their arguments. */
  readonly commands: readonly SimpleCommand[];
  /** The number of `|` between commands. */
  readonly pipes: number;
  /** The offset in the Dockerfile of the character at `at`. */
  sourceOffset(at: number): number;
}

/** A stretch of a script in the Dockerfile. */
export interface SourceSpan {
  readonly start: number;
  readonly end: number;
}

/** Where `text[start, end)` of a script stands in the Dockerfile. */
export function sourceSpan(script: ShellScript, start: number, end: number): SourceSpan {
  const from = script.sourceOffset(start);
  return { start: from, end: end > start ? script.sourceOffset(end - 1) + 1 : from };
}
