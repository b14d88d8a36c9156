import type { Command } from 'commander';
import { jobsClient } from '../../client/index.ts';
import { connectFrom } from '../daemon-address.ts';
import { renderJobs } from '../render/jobs.ts';

export function jobsCommand(program: Command): void {
  program
    .command('jobs')
    .description('list jobs: what waits, what runs, what has ended')
    .option('-a, --active', 'only those that wait or run')
    .option('-s, --state <names>', 'only those in these states, such as PENDING,FAILED')
    .option('-q, --quiet', 'only the numbers')
    .option('--json', 'as JSON, with every field')
    .action(
      async (
        options: { active?: boolean; state?: string; quiet?: boolean; json?: boolean },
        command: Command,
      ) => {
        const states = options.state?.toUpperCase().split(',');
        const jobs = (await jobsClient(connectFrom(command)).list()).filter(
          (job) =>
            (!options.active || job.endedAt === undefined) && (states?.includes(job.state) ?? true),
        );
        if (options.json) process.stdout.write(`${JSON.stringify(jobs, null, 2)}\n`);
        else if (options.quiet) process.stdout.write(jobs.map((job) => `${job.id}\n`).join(''));
        else process.stdout.write(renderJobs(jobs, Date.now()));
      },
    );
}
