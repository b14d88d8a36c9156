import { Command, CommanderError, Help } from 'commander';
import { errorMessage } from '../core/index.ts';
import { analyzeCommand } from './commands/analyze.ts';
import { buildCommand } from './commands/build.ts';
import { cancelCommand } from './commands/cancel.ts';
import { downCommand } from './commands/down.ts';
import { imageCommand } from './commands/image.ts';
import { jobsCommand } from './commands/jobs.ts';
import { lintCommand } from './commands/lint.ts';
import { logsCommand } from './commands/logs.ts';
import { submitCommand } from './commands/submit.ts';
import { upCommand } from './commands/up.ts';
import { userCommand } from './commands/user.ts';
import { exitCodeOf } from './exit-code.ts';

const program = new Command('berth')
  .description('builds, keeps and runs container images, as containers or queued jobs')
  .option(
    '-H, --host <address>',
    'the daemon to talk to (default: $BERTH_HOST or unix:///run/berth/berth.sock)',
  )
  .configureHelp({
    showGlobalOptions: true,
    // Repeatable options begin empty, which is nothing to tell.
    optionDescription: (option) =>
      Array.isArray(option.defaultValue)
        ? option.description
        : Help.prototype.optionDescription.call(new Help(), option),
  })
  .exitOverride();

// The launcher starts it; it stands here for the help text.
program.command('daemon').description('run the daemon in the foreground (berth daemon --help)');

for (const command of [
  buildCommand,
  analyzeCommand,
  lintCommand,
  upCommand,
  downCommand,
  submitCommand,
  jobsCommand,
  logsCommand,
  cancelCommand,
  imageCommand,
  userCommand,
]) {
  command(program);
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 125;
  else {
    process.stderr.write(`berth: ${errorMessage(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
