import { type Command, Option } from 'commander';
import { connectFrom } from '../daemon-address.ts';
import { formatNames } from '../lint/formats/format-name.ts';
import { type LintFlags, runLint } from '../lint/run-lint.ts';

const list = (value: string, previous: string[]): string[] => [...previous, value];

export function lintCommand(program: Command): void {
  program
    .command('lint [files...]')
    .description(
      'check Dockerfiles: files, folders to search, - for standard input (default: this folder)',
    )
    .option('-c, --config <file>', 'the configuration (default: .hadolint.yaml here, or your own)')
    .addOption(new Option('-f, --format <name>', 'how to print findings').choices(formatNames))
    .option(
      '-t, --failure-threshold <severity>',
      'exit with 1 from this severity on (default: info)',
    )
    .option('--no-fail', 'exit with 0 whatever is found')
    .option('--no-color', 'print without colours')
    .option('-V, --verbose', 'say on standard error how the linter is configured')
    .option('--error <rule>', 'make the rule an error', list, [])
    .option('--warning <rule>', 'make the rule a warning', list, [])
    .option('--info <rule>', 'make the rule an info', list, [])
    .option('--style <rule>', 'make the rule a matter of style', list, [])
    .option('--ignore <rule>', 'leave the rule out', list, [])
    .option('--trusted-registry <name>', 'a registry that FROM may name', list, [])
    .addOption(new Option('--allowed-registry <name>').argParser(list).default([]).hideHelp())
    .option('--require-label <name:type>', 'a label that images must have', list, [])
    .option('--strict-labels', 'allow no labels but the required ones')
    .option('--disable-ignore-pragma', 'let comments silence nothing')
    .option('--file-path-in-report <path>', 'the file to name in reports for other tools')
    .option('-o, --output <file>', 'print to a file')
    .option('--no-gitignore', 'in folders, lint what git ignores too')
    .option('--no-shellcheck', 'do not check the commands in RUN')
    .option('--no-build-checks', "leave out BuildKit's checks")
    .option('--build-arg <name=value>', 'what FROM and the checks take an ARG for', list, [])
    .option('--no-base-images', 'do not ask the daemon about base images')
    .option('--fix', 'rewrite the files where that is safe, and show what changed')
    .option('--dry-run', 'with --fix: show what would change, write nothing')
    .option('--explain <rule>', 'print what a rule is about, with examples')
    .option('--list', 'print all rules')
    .action(async (files: string[], flags: LintFlags, command: Command) => {
      process.exitCode = await runLint(files, flags, { connection: () => connectFrom(command) });
    });
}
