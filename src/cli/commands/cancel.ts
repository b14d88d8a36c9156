import type { Command } from 'commander';
import { jobsClient } from '../../client/index.ts';
import { connectFrom } from '../daemon-address.ts';
import { parseJobId } from '../job-id.ts';

export function cancelCommand(program: Command): void {
  program
    .command('cancel <job...>')
    .description('take jobs out of the queue, or stop them')
    .action(async (ids: string[], _options: unknown, command: Command) => {
      const jobs = jobsClient(connectFrom(command));
      for (const id of ids) await jobs.cancel(parseJobId(id));
    });
}
