import type { Command } from 'commander';
import { jobsClient } from '../../client/index.ts';
import { invalid, parseSize } from '../../core/index.ts';
import { connectFrom } from '../daemon-address.ts';
import { printOutput } from '../render/output.ts';
import { parseTimeLimit } from '../time-limit.ts';

interface SubmitOptions {
  cpus?: string;
  mem?: string;
  time?: string;
  jobName?: string;
  env: string[];
  wait?: boolean;
  follow?: boolean;
  parsable?: boolean;
}

export function submitCommand(program: Command): void {
  program
    .command('submit <image> [argument]')
    .description('queue a job: the image is started with the argument as its one argument, $1')
    .option('-c, --cpus <number>', 'CPUs (default 1)')
    .option('--mem <size>', 'memory, such as 512M or 2G (default 512M)')
    .option('-t, --time <limit>', 'time limit: minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM:SS')
    .option('-J, --job-name <name>', 'name (default: the image)')
    .option('-e, --env <name=value>', 'set an environment variable', collectValues, [])
    .option('-W, --wait', 'wait for the end and exit with the exit code of the job')
    .option('-f, --follow', 'print the output of the job as it comes, and wait as -W does')
    .option('--parsable', 'print the number of the job only')
    .action(
      async (
        image: string,
        argument: string | undefined,
        options: SubmitOptions,
        command: Command,
      ) => {
        const jobs = jobsClient(connectFrom(command));
        const job = await jobs.submit({
          image,
          argument,
          name: options.jobName,
          env: parseEnv(options.env),
          cpus: options.cpus === undefined ? undefined : Number(options.cpus),
          memoryBytes: options.mem === undefined ? undefined : parseSize(options.mem),
          timeLimitS: options.time === undefined ? undefined : parseTimeLimit(options.time),
        });
        const { follow, wait, parsable } = options;
        if (follow) process.stderr.write(`Submitted job ${job.id}\n`);
        else process.stdout.write(parsable ? `${job.id}\n` : `Submitted job ${job.id}\n`);
        if (follow) await printOutput(jobs.output(job.id, { follow: true }));
        if (!follow && !wait) return;
        const ended = await jobs.wait(job.id);
        if (ended.exitCode === undefined) {
          process.stderr.write(
            `job ${job.id}: ${ended.state}${ended.reason ? `: ${ended.reason}` : ''}\n`,
          );
        }
        process.exitCode = ended.exitCode ?? 1;
      },
    );
}

function collectValues(value: string, previous: string[]): string[] {
  return [...previous, value];
}

/** NAME=VALUE, or NAME alone to pass this shell's value on, as docker's -e. */
function parseEnv(entries: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    if (equals === 0) throw invalid(`submit job: invalid environment variable: ${entry}`);
    const name = equals < 0 ? entry : entry.slice(0, equals);
    const value = equals < 0 ? process.env[name] : entry.slice(equals + 1);
    if (value !== undefined) env[name] = value;
  }
  return env;
}
