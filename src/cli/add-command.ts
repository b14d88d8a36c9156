import type { Command } from 'commander';

type Add = (program: Command) => void;

/** In the order of the help text. Each is loaded only when it is asked for: it keeps starts short. */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  build: async () => (await import('./commands/build.ts')).buildCommand,
  analyze: async () => (await import('./commands/analyze.ts')).analyzeCommand,
  lint: async () => (await import('./commands/lint.ts')).lintCommand,
  up: async () => (await import('./commands/up.ts')).upCommand,
  down: async () => (await import('./commands/down.ts')).downCommand,
  submit: async () => (await import('./commands/submit.ts')).submitCommand,
  jobs: async () => (await import('./commands/jobs.ts')).jobsCommand,
  logs: async () => (await import('./commands/logs.ts')).logsCommand,
  cancel: async () => (await import('./commands/cancel.ts')).cancelCommand,
  image: async () => (await import('./commands/image.ts')).imageCommand,
  user: async () => (await import('./commands/user.ts')).userCommand,
};

/**
 * Adds the command that the arguments name; all of them when they name none, for help and advice,
 * unless it is only the version that is asked for.
 */
export async function addCommand(program: Command, args: readonly string[]): Promise<void> {
  if (args[0] === '--version') return;
  const named = commands[commandName(args) ?? ''];
  for (const load of named ? [named] : Object.values(commands)) (await load())(program);
}

/** The first argument that is neither an option of `berth` itself nor its value. */
export function commandName(args: readonly string[]): string | undefined {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    if (arg === '-H' || arg === '--host') index++;
    else if (!arg.startsWith('-')) return Object.hasOwn(commands, arg) ? arg : undefined;
  }
  return undefined;
}
