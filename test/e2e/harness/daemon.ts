import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leftBehind } from './left-behind.ts';

const launcher = join(import.meta.dirname, '../../../bin/berth');

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Berth daemon in folders of its own, and the real clients pointed at it. */
export interface TestDaemon extends AsyncDisposable {
  readonly folder: string;
  readonly host: string;
  /** `127.0.0.1:port` of its registry. */
  readonly registry: string;
  readonly bridge: string;
  readonly env: NodeJS.ProcessEnv;
  /** The docker client; resolves whatever its exit code is. */
  docker(...args: string[]): Promise<Result>;
  /** The docker client; throws unless it exits with 0, gives its trimmed standard output. */
  ok(...args: string[]): Promise<string>;
  berth(...args: string[]): Promise<Result>;
  run(command: string, args: readonly string[], options?: { input?: string }): Promise<Result>;
  /** Ends the daemon as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  log(): string;
  /** Stops containers and daemon, and removes the folder. Throws when anything is left behind. */
  [Symbol.asyncDispose](): Promise<void>;
}

let counter = 0;

export async function startDaemon(
  options: { args?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<TestDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-e2e-'));
  const runPath = join(folder, 'run');
  const registry = `127.0.0.1:${await freePort()}`;
  const bridge = `be${process.pid}-${counter++}`.slice(0, 15);
  const host = `unix://${runPath}/berth.sock`;
  // What CI sets for programs that judge images is not meant for those under test.
  const { CI: _ci, ...inherited } = process.env;
  const env = {
    ...inherited,
    DOCKER_HOST: host,
    BERTH_HOST: host,
    DOCKER_CONFIG: join(folder, 'client'),
    DOCKER_BUILDKIT: '0',
  };
  const logPath = join(folder, 'daemon.log');
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    mkdirSync(runPath, { recursive: true });
    const log = openSync(logPath, 'a');
    const args = ['daemon', '--root', join(folder, 'root'), '--run', runPath];
    args.push('--registry', registry, '--bridge', bridge, ...(options.args ?? []));
    child = spawn(launcher, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.env },
    });
    closeSync(log);
    for (let waitedMs = 0; (await docker('version')).code !== 0; waitedMs += 50) {
      if (child.exitCode !== null || waitedMs > 30_000) {
        throw new Error(`the daemon did not start:\n${readFileSync(logPath, 'utf8')}`);
      }
      await sleep(50);
    }
  }

  const run: TestDaemon['run'] = (command, args, { input } = {}) =>
    capture(command, args, { env, input });
  const docker = (...args: string[]) => run('docker', args);

  async function ok(...args: string[]): Promise<string> {
    const result = await docker(...args);
    if (result.code !== 0)
      throw new Error(
        `docker ${args.join(' ')}: exit ${result.code}\n${result.stdout}${result.stderr}`,
      );
    return result.stdout.trim();
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async function dispose(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) await start();
    const stopped = await run(launcher, ['down', '--run', runPath, '--containers']);
    if (child?.exitCode === null) await once(child, 'exit');
    const clean = child?.exitCode === 0;
    const left = leftBehind({ folder, bridge });
    const log = readFileSync(logPath, 'utf8');
    rmSync(folder, { recursive: true, force: true });
    if (stopped.code !== 0 || !clean) throw new Error(`berth down: ${stopped.stderr}\n${log}`);
    if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}\n${log}`);
  }

  await start();
  return {
    folder,
    host,
    registry,
    bridge,
    env,
    docker,
    ok,
    berth: (...args) => run(launcher, args),
    run,
    kill,
    start,
    log: () => readFileSync(logPath, 'utf8'),
    [Symbol.asyncDispose]: dispose,
  };
}

/** Runs a command to its end, whatever it is. */
export async function capture(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string; cwd?: string } = {},
): Promise<Result> {
  const child = spawn(command, args, {
    env: options.env,
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  child.stdin.on('error', () => {}); // a command may end without reading its input
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, ...output };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Everything a TCP server on loopback sends until it closes; waits for a server to be there. */
export async function readPort(port: number, { waitMs = 5000 } = {}): Promise<string> {
  const giveUpAtMs = Date.now() + waitMs;
  for (;;) {
    try {
      const text = await readOnce(port);
      if (text !== '' || Date.now() >= giveUpAtMs) return text;
    } catch (error) {
      if (Date.now() >= giveUpAtMs) throw error;
    }
    await sleep(20);
  }
}

function readOnce(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      text += piece;
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}
