import { spawn } from 'node:child_process';
import { closeSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type BerthError,
  errnoCode,
  errorMessage,
  internal,
  notFound,
  randomId,
  unavailable,
} from '../../core/index.ts';
import { listenForHeir, reapChild, spawnDetached } from '../../linux/index.ts';
import { type TaskService, taskService } from './task-service.ts';
import { TtrpcClient } from './ttrpc-client.ts';

/** The namespace Berth's shims carry; the runtime keeps its state in a folder of that name. */
const shimNamespace = 'berth';

const runcShim = 'containerd-shim-runc-v2';

export interface ShimOptions {
  readonly id: string;
  /** Folder with `config.json`; the shim's working directory. */
  readonly bundlePath: string;
  /** Path or name of the shim's binary. */
  readonly binary: string;
  /** Unix socket the shim tells its events to; need not answer. */
  readonly eventsPath: string;
  /** Folder, there already, for the sockets of shims that are started without their `start` action. */
  readonly socketsPath: string;
  /**
   * Descriptors the shim inherits and keeps open while it lives: read ends of the container's
   * fifos, so that output outlasts a daemon that is away.
   */
  readonly heldFds?: readonly number[];
}

/** A running shim and the connection to it. Disposing closes the connection; the shim lives on. */
export interface Shim extends Disposable {
  readonly task: TaskService;
  /** Settles when the connection is lost: the shim died, or it was shut down. */
  readonly closed: Promise<Error>;
}

/**
 * Starts a shim by containerd's shim v2 protocol (runtime/v2/README.md): the `start` action leaves
 * the shim running on its own and prints where it listens. Its log goes to the file `log` in the
 * bundle, which has to exist: a shim without one exits silently.
 */
export async function startShim(options: ShimOptions): Promise<Shim> {
  if (basename(options.binary) === runcShim) return startRuncShim(options);
  const { stdout } = await runShim(options, 'start');
  return connectTo(options, parseAddress(stdout.toString()));
}

/**
 * Does for runc's shim what its `start` action does, and saves a process: the shim inherits its
 * socket as descriptor 3, finds its address in the bundle, and goes on when the daemon ends.
 */
async function startRuncShim(options: ShimOptions): Promise<Shim> {
  const { binary, bundlePath, heldFds = [], socketsPath } = options;
  // Never the same twice: a shim of the run before removes its own, perhaps only now.
  const socketPath = join(socketsPath, randomId().slice(0, 24));
  const address = `unix://${socketPath}`;
  writeFileSync(join(bundlePath, 'address'), address);
  const socketFd = listenForHeir(socketPath);
  const pid = await spawnDetached({
    command: binary,
    args: shimArguments(options),
    // Shim and runtime do one thing at a time; more threads only look for work.
    env: { ...shimEnvironment(options), GOMAXPROCS: '2' },
    cwd: bundlePath,
    fds: [socketFd, ...heldFds],
  })
    .catch((error) => {
      throw startError(binary, error);
    })
    .finally(() => closeSync(socketFd));
  try {
    // The kernel is to end what a container runs before what watches it ends, and both before us.
    const ownScore = Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
    await writeFile(`/proc/${pid}/oom_score_adj`, String(Math.min(ownScore + 1, 1000)));
    const shim = await connectTo(options, address);
    void shim.closed.then(() => reapChild(pid));
    return shim;
  } catch (cause) {
    // Not reaped yet, so the number is still its own.
    process.kill(pid, 'SIGKILL');
    void reapChild(pid);
    throw internal(`failed to start shim: ${errorMessage(cause)}: unknown`, { cause });
  }
}

/** Connects to a shim started earlier, perhaps by a daemon before. Rejects with `unavailable`. */
export async function connectShim(options: ShimOptions): Promise<Shim> {
  let address: string;
  try {
    address = await readFile(join(options.bundlePath, 'address'), 'utf8');
  } catch (cause) {
    throw unavailable(`connect to shim of ${options.id}: no address in its bundle`, { cause });
  }
  return connectTo(options, parseAddress(address));
}

/**
 * Clears what a dead shim left: kills the container's processes, deletes the runtime's state and
 * the shim's socket. Idempotent; the bundle stays.
 */
export async function deleteShim(options: ShimOptions): Promise<void> {
  const address = await readFile(join(options.bundlePath, 'address'), 'utf8').catch(() => '');
  // Without this file the runtime was never called: nothing of it is left.
  const wasCreated = await readFile(join(options.bundlePath, 'runtime')).catch(() => undefined);
  if (wasCreated) await runShim(options, 'delete');
  const socketPath = socketPathOf(address.trim());
  if (socketPath) await rm(socketPath, { force: true });
}

async function connectTo(options: ShimOptions, address: string): Promise<Shim> {
  const client = await TtrpcClient.connect(socketPathOf(address) ?? `\0${address}`);
  return {
    task: taskService(client, options.id),
    closed: client.closed,
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** Shims print a bare address, or since containerd 2 a JSON object that holds it. */
function parseAddress(printed: string): string {
  const text = printed.trim();
  if (!text.startsWith('{')) return text;
  const { address, protocol } = JSON.parse(text) as { address: string; protocol?: string };
  if (protocol && protocol !== 'ttrpc') {
    throw internal(`start shim: it speaks ${protocol}, only ttrpc is understood`);
  }
  return address;
}

function socketPathOf(address: string): string | undefined {
  return address.startsWith('unix://') ? address.slice('unix://'.length) : undefined;
}

function runShim(
  options: ShimOptions,
  action: 'start' | 'delete',
): Promise<{ stdout: Buffer; stderr: Buffer }> {
  const { bundlePath, binary, heldFds = [] } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(binary, [...shimArguments(options), action], {
      cwd: bundlePath,
      env: shimEnvironment(options),
      // Descriptor 3 becomes the shim's listening socket when it starts itself anew.
      stdio: ['ignore', 'pipe', 'pipe', 'ignore', ...(action === 'start' ? heldFds : [])],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', (error) => reject(startError(binary, error)));
    child.on('close', (code, signal) => {
      const said = Buffer.concat(stderr).toString().trim();
      if (code === 0) resolve({ stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
      else
        reject(internal(`failed to ${action} shim: ${said || `exit ${code ?? signal}`}: unknown`));
    });
  });
}

function shimArguments({ id, eventsPath }: ShimOptions): string[] {
  return ['-namespace', shimNamespace, '-id', id, '-address', eventsPath];
}

function shimEnvironment({ eventsPath }: ShimOptions): Record<string, string> {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  return { PATH, TTRPC_ADDRESS: eventsPath };
}

function startError(binary: string, cause: Error): BerthError {
  if (errnoCode(cause) !== 'ENOENT') {
    return internal(`failed to start shim: ${cause.message}: unknown`, { cause });
  }
  // A missing working directory gives the same code; the bundle is ours and was just made.
  return notFound(
    `failed to start shim: runtime binary not installed "${binary}": file does not exist: unknown`,
    { code: 'SHIM_MISSING', cause },
  );
}
