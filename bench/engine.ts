import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Background, run, startBackground } from './processes.ts';

/** A daemon under measurement, driven by the docker client. */
export interface Engine extends AsyncDisposable {
  readonly name: string;
  readonly host: string;
  /** Runs the docker client against it; throws with its output when it fails. */
  docker(...args: string[]): Promise<string>;
  /** Resident memory of the daemon and its helpers. */
  residentBytes(): number;
}

const launcher = join(import.meta.dirname, '../bin/berth');

/** Where a daemon keeps its data, and its run files. */
export interface Folders {
  readonly folder: string;
  readonly runFolder: string;
}

export async function startBerth(
  { folder, runFolder }: Folders,
  registryPort: number,
): Promise<Engine> {
  const config = join(folder, 'berth.yaml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(config, 'registry: { anonymous: { pull: true, push: true } }\n');
  return startEngine('berth', folder, `unix://${runFolder}/berth.sock`, launcher, [
    'daemon',
    ...['--root', join(folder, 'root'), '--run', runFolder],
    ...['--registry', `127.0.0.1:${registryPort}`, '--bridge', 'berth-bench0'],
    ...['--config', config],
  ]);
}

/** Debian's dockerd with the containerd it starts itself. */
export async function startDockerd({ folder, runFolder }: Folders): Promise<Engine> {
  const host = `unix://${runFolder}/docker.sock`;
  return startEngine('dockerd', folder, host, 'dockerd', [
    ...['--data-root', join(folder, 'root'), '--exec-root', join(runFolder, 'exec')],
    ...['--host', host, '--pidfile', join(runFolder, 'pid'), '--log-level', 'error'],
    ...['--max-concurrent-uploads', '5', '--max-concurrent-downloads', '5'],
  ]);
}

/** Debian's docker-registry on loopback. */
export async function startRegistry(folder: string, port: number): Promise<Background> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\nstorage:\n` +
      `  filesystem: { rootdirectory: ${folder}/data }\nhttp: { addr: "127.0.0.1:${port}" }\n`,
  );
  return startBackground({
    name: 'docker-registry',
    folder,
    command: 'docker-registry',
    args: ['serve', config],
    isReady: async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).ok,
  });
}

async function startEngine(
  name: string,
  folder: string,
  host: string,
  command: string,
  args: readonly string[],
): Promise<Engine> {
  const client = join(folder, 'client');
  mkdirSync(client, { recursive: true });
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: client, DOCKER_BUILDKIT: '0' };
  const docker = (...words: string[]) => run('docker', words, env);
  const isReady = async () => (await docker('version')) !== '';
  const daemon = await startBackground({ name, folder, command, args, isReady });
  return {
    name,
    host,
    docker,
    residentBytes: daemon.residentBytes,
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
