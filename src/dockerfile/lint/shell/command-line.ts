import type { ShellWord, SimpleCommand } from './shell-script.ts';

/** An option of a command: `--name`, `--name=value`, or one letter of `-abc`. */
export interface CommandFlag {
  /** Without its dashes and its value. */
  readonly name: string;
  readonly word: ShellWord;
  /** What stands after `=`, if it does. */
  readonly value: string | undefined;
}

/** The options among a command's arguments; `--` and `-` are none. */
export function flagsOf({ args }: SimpleCommand): CommandFlag[] {
  return args.flatMap((word) => flagsIn(word));
}

function flagsIn(word: ShellWord): CommandFlag[] {
  const { text } = word;
  if (!text.startsWith('-') || text === '-' || text === '--') return [];
  if (text.startsWith('--')) {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text.slice(2) : text.slice(2, equals);
    return [{ name, word, value: equals < 0 ? undefined : text.slice(equals + 1) }];
  }
  return [...text.slice(1)].map((name) => ({ name, word, value: undefined }));
}

/** Whether any of the options is given. */
export function hasFlag(command: SimpleCommand, ...names: readonly string[]): boolean {
  return flagsOf(command).some(({ name }) => names.includes(name));
}

/** Whether any argument is one of these words. */
export function hasArgument({ args }: SimpleCommand, ...texts: readonly string[]): boolean {
  return args.some(({ text }) => texts.includes(text));
}

/** The values of an option: after its `=`, or the argument after it. */
export function flagValues(command: SimpleCommand, ...names: readonly string[]): string[] {
  return flagsOf(command).flatMap(({ name, word, value }) => {
    if (!names.includes(name)) return [];
    const next = value ?? command.args[command.args.indexOf(word) + 1]?.text;
    return next === undefined ? [] : [next];
  });
}

/**
 * The arguments that are no options. `withValue` names options whose value is the argument after
 * them: those values are left out too.
 */
export function operands(
  { args }: SimpleCommand,
  withValue: readonly string[] = [],
): readonly ShellWord[] {
  const found: ShellWord[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index]!;
    const flags = flagsIn(word);
    if (flags.length === 0) found.push(word);
    else if (flags.some(({ name, value }) => value === undefined && withValue.includes(name))) {
      index++;
    }
  }
  return found;
}

/** The operands after the subcommand, when the command has it as an argument; undefined if not. */
export function operandsAfter(
  command: SimpleCommand,
  subcommands: readonly string[],
  withValue: readonly string[] = [],
): readonly ShellWord[] | undefined {
  if (!hasArgument(command, ...subcommands)) return undefined;
  return operands(command, withValue).filter(({ text }) => !subcommands.includes(text));
}
