import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { connect } from '../../client/index.ts';
import { errnoCode, errorKind, unavailable } from '../../core/index.ts';
import { defaultRunPath } from '../daemon-address.ts';

const stopLimitMs = 60_000;

export function downCommand(program: Command): void {
  program
    .command('down')
    .description('stop the daemon; containers and jobs go on unless told otherwise')
    .option('--run <dir>', 'folder of run files', defaultRunPath)
    .option('--containers', 'stop the containers too and take down their networks')
    .action(async ({ run, containers }: { run: string; containers?: boolean }) => {
      const pid = readPid(join(run, 'berth.pid'));
      if (pid === undefined || !isAlive(pid)) {
        process.stdout.write('the daemon is not running\n');
        return;
      }
      await askToStop(run, pid, containers ?? false);
      const giveUpAtMs = Date.now() + stopLimitMs;
      while (isAlive(pid)) {
        if (Date.now() > giveUpAtMs)
          throw unavailable(`stop daemon: process ${pid} is still there after 60 s`);
        await sleep(20);
      }
    });
}

/** A daemon that is only starting has no socket yet; a signal reaches it. */
async function askToStop(run: string, pid: number, containers: boolean): Promise<void> {
  const connection = connect(`unix://${run}/berth.sock`);
  try {
    await connection.json({ method: 'POST', path: '/v1/shutdown', query: { containers } });
  } catch (error) {
    if (containers || errorKind(error) !== 'unavailable') throw error;
    process.kill(pid, 'SIGTERM');
  }
}

function readPid(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ESRCH') return false;
    throw error;
  }
}
