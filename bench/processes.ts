import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program in the background whose output goes to a log of its own. */
export interface Background extends AsyncDisposable {
  /** Resident memory of it and of all its descendants but containers' shims. */
  residentBytes(): number;
}

interface BackgroundOptions {
  readonly name: string;
  /** Made if missing; the log is `NAME.log` in it. */
  readonly folder: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly isReady: () => Promise<boolean>;
}

const startLimitMs = 30_000;
const endLimitMs = 30_000;

/** Starts a program and waits until it is ready. Throws with the end of its log when it never is. */
export async function startBackground(options: BackgroundOptions): Promise<Background> {
  const { name, folder, command, args, isReady } = options;
  mkdirSync(folder, { recursive: true });
  const logPath = join(folder, `${name}.log`);
  const log = openSync(logPath, 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const giveUpAtMs = Date.now() + startLimitMs;
  while (!(await isReady().catch(() => false))) {
    if (failure) throw new Error(`cannot start ${name}: ${failure.message}`);
    if (hasEnded(child)) throw new Error(`${name} ended at its start:\n${endOf(logPath)}`);
    if (Date.now() > giveUpAtMs) {
      await end(child);
      throw new Error(`${name} did not answer in ${startLimitMs / 1000} s:\n${endOf(logPath)}`);
    }
    await sleep(50);
  }
  return {
    residentBytes: () => residentBytesOf(child.pid!),
    [Symbol.asyncDispose]: () => end(child),
  };
}

/** Runs a program to its end and gives its standard output; throws with its output when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  return (await runForBoth(command, args, env)).stdout;
}

/** As `run`, for both outputs. */
export function runForBoth(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (!error) return resolve({ stdout, stderr });
      const why = `${stdout}${stderr}`.trim().split('\n').slice(-5).join('\n') || error.message;
      reject(new Error(`${command} ${args.slice(0, 3).join(' ')}: ${why}`));
    });
  });
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), endLimitMs);
  await ended;
  clearTimeout(timer);
}

function endOf(logPath: string): string {
  return readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}

/** A shim belongs to its container, and is the same program whose daemon ever started it. */
function residentBytesOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    if (status.startsWith('Name:\tcontainerd-shim')) return 0;
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
    return childrenOf(pid).reduce((sum, child) => sum + residentBytesOf(child), kilobytes * 1024);
  } catch {
    return 0; // it ended meanwhile
  }
}

/** A child belongs to the thread that started it. */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
}
