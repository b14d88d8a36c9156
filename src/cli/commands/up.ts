import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Connection, connect } from '../../client/index.ts';
import { makeDirectories, unavailable } from '../../core/index.ts';
import { defaultRunPath, hostsOf } from '../daemon-address.ts';

const launcher = join(import.meta.dirname, '../../../bin/berth');
const startLimitMs = 60_000;

interface UpOptions {
  run: string;
  [flag: string]: string | string[] | boolean | undefined;
}

export function upCommand(program: Command): void {
  program
    .command('up')
    .description(
      'start the daemon in the background; its flags are those of berth daemon, --host says where it listens',
    )
    .option('--run <dir>', 'folder of run files', defaultRunPath)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async ({ run }: UpOptions, command: Command) => {
      const hosts = hostsOf(command);
      const connection = connect(hosts[0] ?? `unix://${run}/berth.sock`);
      if (await answers(connection)) {
        process.stdout.write(`the daemon is already running at ${connection.host}\n`);
        return;
      }
      await makeDirectories(run, 0o711);
      const logPath = join(run, 'berth.log');
      const log = openSync(logPath, 'a', 0o600);
      const listening = hosts.flatMap((host) => ['--host', host]);
      const daemon = spawn(launcher, ['daemon', '--run', run, ...listening, ...command.args], {
        detached: true,
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      let exit: string | undefined;
      daemon.once('exit', (code, signal) => {
        exit = signal ?? String(code);
      });
      const giveUpAtMs = Date.now() + startLimitMs;
      while (!(await answers(connection))) {
        if (exit !== undefined || Date.now() > giveUpAtMs) throw startFailure(exit, logPath);
        await sleep(20);
      }
      daemon.unref();
      process.stdout.write(`the daemon is running at ${connection.host}\n`);
    });
}

function answers(connection: Connection): Promise<boolean> {
  return connection.send({ method: 'GET', path: '/_ping' }).then(
    (answer) => {
      answer.resume();
      return true;
    },
    () => false,
  );
}

function startFailure(exit: string | undefined, logPath: string): Error {
  const why =
    exit === undefined ? `it did not answer in ${startLimitMs / 1000} s` : `it ended with ${exit}`;
  const lastLines = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
  return unavailable(`start daemon: ${why}; the end of ${logPath}:\n${lastLines}`);
}
