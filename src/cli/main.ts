import { readFileSync } from 'node:fs';
import { Command, CommanderError, Help } from 'commander';
import { errnoCode, errorMessage } from '../core/index.ts';
import { addCommand } from './add-command.ts';
import { collectHost } from './daemon-address.ts';
import { exitCodeOf } from './exit-code.ts';
import { printableLines } from './render/table.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };
const program = new Command('berth')
  .description('builds, keeps and runs container images, as containers or queued jobs')
  .option(
    '-H, --host <address>',
    'the daemon to talk to (default: $BERTH_HOST or unix:///run/berth/berth.sock)',
    collectHost,
  )
  .configureHelp({
    showGlobalOptions: true,
    // Repeatable options begin empty, which is nothing to tell.
    optionDescription: (option) =>
      Array.isArray(option.defaultValue)
        ? option.description
        : Help.prototype.optionDescription.call(new Help(), option),
  })
  .version(version, '--version')
  .exitOverride();

// The launcher starts it; it stands here for the help text.
program.command('daemon').description('run the daemon in the foreground (berth daemon --help)');

// Who pipes into `head` has seen enough: that is no failure, and the exit code stays what it is.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (errnoCode(error) !== 'EPIPE') throw error;
  });
}

await addCommand(program, process.argv.slice(2));
pointToHelp(program, 'berth');

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 125;
  else {
    // Messages quote what archives and servers say; their lines are ours.
    process.stderr.write(`berth: ${printableLines(errorMessage(error))}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

/** Who got the arguments wrong is told where the right ones are. */
function pointToHelp(command: Command, name: string): void {
  command.showHelpAfterError(`See "${name} --help".`);
  for (const below of command.commands) pointToHelp(below, `${name} ${below.name()}`);
}
