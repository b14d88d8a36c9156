import { type Fix, insertion } from '../rule.ts';
import type { SimpleCommand } from '../shell/shell-script.ts';

/** The fix that puts a flag after the subcommand, or after the program's name without one. */
export function insertFlag(
  command: SimpleCommand,
  flag: string,
  subcommands: readonly string[] = [],
): Fix | undefined {
  const { script, nameWord, args } = command;
  const word =
    subcommands.length === 0 ? nameWord : args.find(({ text }) => subcommands.includes(text));
  if (!word || word.end - word.start !== word.text.length) return undefined;
  const end = script.sourceOffset(word.end - 1) + 1;
  switch (script.written) {
    case 'plain':
      return [insertion(end, ` ${flag}`)];
    case 'words':
      return [insertion(end + 1, `, "${flag}"`)];
    case 'escaped':
      return undefined;
  }
}
