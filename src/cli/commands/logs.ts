import type { Command } from 'commander';
import { jobsClient } from '../../client/index.ts';
import { connectFrom } from '../daemon-address.ts';
import { parseJobId } from '../job-id.ts';
import { printOutput } from '../render/output.ts';

export function logsCommand(program: Command): void {
  program
    .command('logs <job>')
    .description('print the output of a job')
    .option('-f, --follow', 'go on until the job ends')
    .option('-n, --tail <lines>', 'only that many lines from the end', 'all')
    .action(async (job: string, options: { follow?: boolean; tail: string }, command: Command) => {
      const jobs = jobsClient(connectFrom(command));
      await printOutput(
        jobs.output(parseJobId(job), { follow: options.follow ?? false, tail: options.tail }),
      );
    });
}
