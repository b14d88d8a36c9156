import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RegistrySettings } from './serve-registry.ts';

/** A server in a process of its own that can be killed and started again on the same address. */
export interface ServerProcess extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly folder: string;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a failure is a result too. */
export function run(command: string, args: readonly string[], env = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

/** As `run`, but throws unless it succeeds; gives standard output. */
export async function ok(command: string, args: readonly string[], env = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, env);
  if (code === 0) return stdout.trim();
  throw new Error(`${command} ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`);
}

/** Berth's registry. */
export function startRegistry(
  settings: Omit<RegistrySettings, 'folder' | 'address'> = {},
): Promise<ServerProcess> {
  const script = join(import.meta.dirname, 'serve-registry.ts');
  return startServer('berth-registry-', ({ folder, host }) => ({
    command: process.execPath,
    args: [script, JSON.stringify({ ...settings, folder, address: host })],
  }));
}

/** Debian's docker-registry; `htpasswd` is the text of such a file. */
export function startPeerRegistry({
  htpasswd,
}: {
  htpasswd?: string;
} = {}): Promise<ServerProcess> {
  return startServer('berth-peer-', ({ folder, host }) => {
    mkdirSync(join(folder, 'data'), { recursive: true });
    writeFileSync(join(folder, 'htpasswd'), htpasswd ?? '');
    const config = {
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
      http: { addr: host },
      ...(htpasswd !== undefined && {
        auth: { htpasswd: { realm: 'peer', path: join(folder, 'htpasswd') } },
      }),
    };
    // JSON is YAML.
    writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
    // Every 404 is an error to it, and told so.
    return { command: 'docker-registry', args: ['serve', join(folder, 'config.yml')], quiet: true };
  });
}

async function startServer(
  prefix: string,
  make: (place: { folder: string; host: string }) => {
    command: string;
    args: string[];
    quiet?: boolean;
  },
): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  const host = `127.0.0.1:${await freePort()}`;
  const { command, args, quiet = false } = make({ folder, host });
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    child = spawn(command, args, { stdio: ['ignore', 'ignore', quiet ? 'ignore' : 'inherit'] });
    for (let waitedMs = 0; !(await answers(host)); waitedMs += 50) {
      if (child.exitCode !== null || waitedMs > 20_000) {
        throw new Error(`${command} did not start`);
      }
      await sleep(50);
    }
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async function dispose(): Promise<void> {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return { host, folder, start, kill, [Symbol.asyncDispose]: dispose };
}

function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request(`http://${host}/v2/`, { agent: false }, (response) => {
      response.resume();
      resolve(true);
    });
    // A server that speaks TLS closes such a connection: it is there too.
    ping.on('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
    ping.end();
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
