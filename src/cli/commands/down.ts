import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Connection, connect } from '../../client/index.ts';
import { errnoCode, errorKind, unavailable } from '../../core/index.ts';
import { defaultRunPath, oneHost } from '../daemon-address.ts';

const stopLimitMs = 60_000;

interface DownOptions {
  run: string;
  containers?: boolean;
}

export function downCommand(program: Command): void {
  program
    .command('down')
    .description('stop the daemon; containers and jobs go on unless told otherwise')
    .option('--run <dir>', 'folder of run files', defaultRunPath)
    .option('--containers', 'stop the containers too and take down their networks')
    .action(async ({ run, containers }: DownOptions, command: Command) => {
      const pid = readPid(join(run, 'berth.pid'));
      if (pid === undefined || !isDaemon(pid)) {
        process.stdout.write('the daemon is not running\n');
        return;
      }
      const host = oneHost(command) ?? `unix://${run}/berth.sock`;
      await askToStop(connect(host), pid, containers ?? false);
      const giveUpAtMs = Date.now() + stopLimitMs;
      while (isDaemon(pid)) {
        if (Date.now() > giveUpAtMs)
          throw unavailable(`stop daemon: process ${pid} is still there after 60 s`);
        await sleep(20);
      }
    });
}

/** A daemon that is only starting has no socket yet; a signal reaches it. */
async function askToStop(connection: Connection, pid: number, containers: boolean): Promise<void> {
  try {
    await connection.json({ method: 'POST', path: '/v1/shutdown', query: { containers } });
  } catch (error) {
    if (containers || errorKind(error) !== 'unavailable') throw error;
    process.kill(pid, 'SIGTERM');
  }
}

function readPid(path: string): number | undefined {
  try {
    // Empty for a moment while a daemon starts.
    return Number(readFileSync(path, 'utf8')) || undefined;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The number of a daemon that was killed may be another program's by now. */
function isDaemon(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/daemon/main.ts');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ESRCH') return false;
    throw error;
  }
}
