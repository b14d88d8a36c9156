import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** A daemon under measurement, driven by the docker client. */
export interface Engine {
  readonly name: string;
  readonly host: string;
  /** Runs the docker client against it; throws with its output when it fails. */
  docker(...args: string[]): Promise<string>;
  /** Resident memory of the daemon and its helpers, in bytes. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const repository = join(import.meta.dirname, '..');

export async function startBerth(folder: string, registryPort: number): Promise<Engine> {
  mkdirSync(join(folder, 'run'), { recursive: true });
  const config = join(folder, 'berth.yaml');
  writeFileSync(config, 'registry: { anonymous: { pull: true, push: true } }\n');
  const daemon = start('berth', folder, join(repository, 'bin/berth'), [
    'daemon',
    ...['--root', join(folder, 'root'), '--run', join(folder, 'run')],
    ...['--registry', `127.0.0.1:${registryPort}`, '--bridge', 'bench-berth0'],
    ...['--config', config],
  ]);
  return engine('berth', `unix://${folder}/run/berth.sock`, folder, daemon);
}

/** Debian's dockerd with the containerd it starts itself. */
export async function startDockerd(folder: string): Promise<Engine> {
  mkdirSync(folder, { recursive: true });
  const daemon = start('dockerd', folder, 'dockerd', [
    ...['--data-root', join(folder, 'root'), '--exec-root', join(folder, 'exec')],
    ...['-H', `unix://${folder}/docker.sock`, '--pidfile', join(folder, 'pid')],
    ...['--insecure-registry', '127.0.0.0/8', '--max-concurrent-uploads', '5'],
  ]);
  return engine('dockerd', `unix://${folder}/docker.sock`, folder, daemon);
}

/** Debian's docker-registry on loopback. */
export async function startRegistry(
  folder: string,
  port: number,
): Promise<{ stop(): Promise<void> }> {
  mkdirSync(folder, { recursive: true });
  const daemon = start('registry', folder, 'docker-registry', [
    'serve',
    writeRegistryConfig(folder, port),
  ]);
  await until(
    `docker-registry on port ${port}`,
    async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).ok,
  );
  return { stop: () => end(daemon) };
}

function writeRegistryConfig(folder: string, port: number): string {
  const path = join(folder, 'config.yml');
  writeFileSync(
    path,
    `version: 0.1\nlog: { level: error }\nstorage:\n  filesystem: { rootdirectory: ${folder}/data }\n` +
      `  delete: { enabled: true }\nhttp: { addr: "127.0.0.1:${port}" }\n`,
  );
  return path;
}

function start(name: string, folder: string, command: string, args: string[]): ChildProcess {
  const log = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  return child;
}

async function engine(
  name: string,
  host: string,
  folder: string,
  daemon: ChildProcess,
): Promise<Engine> {
  const env = {
    ...process.env,
    DOCKER_HOST: host,
    DOCKER_CONFIG: join(folder, 'client'),
    DOCKER_BUILDKIT: '0',
  };
  const docker = async (...args: string[]) => {
    const { stdout } = await run('docker', args, { env, maxBuffer: 64 * 2 ** 20 });
    return stdout;
  };
  await until(`${name} at ${host}`, async () => (await docker('version')) !== '');
  return {
    name,
    host,
    docker,
    residentBytes: async () => residentBytesOf(daemon.pid!),
    stop: () => end(daemon),
  };
}

/** Of a process and all its descendants. */
function residentBytesOf(pid: number): number {
  const status = `/proc/${pid}/status`;
  if (!existsSync(status)) return 0;
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(status, 'utf8'))?.[1] ?? 0);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean);
  return (
    kilobytes * 1024 + children.reduce((sum, child) => sum + residentBytesOf(Number(child)), 0)
  );
}

async function until(what: string, isReady: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = Date.now() + 30_000;
  for (;;) {
    if (await isReady().catch(() => false)) return;
    if (Date.now() > giveUpAtMs) throw new Error(`bench: ${what} did not answer in 30 s`);
    await sleep(50);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}
