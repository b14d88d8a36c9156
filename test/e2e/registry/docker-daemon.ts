import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Result, run } from './processes.ts';

/** Debian's dockerd in folders of its own, without networks: to push and pull with. */
export interface DockerDaemon extends AsyncDisposable {
  readonly folder: string;
  /** The docker client; whatever its exit code is. */
  docker(...args: string[]): Promise<Result>;
  /** The docker client; throws unless it succeeds. */
  ok(...args: string[]): Promise<string>;
}

export async function startDockerDaemon(): Promise<DockerDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-dockerd-'));
  const socket = `unix://${join(folder, 'docker.sock')}`;
  mkdirSync(join(folder, 'client'));
  const env = { DOCKER_HOST: socket, DOCKER_CONFIG: join(folder, 'client') };
  const args = [
    ...['--host', socket, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
    ...['--pidfile', join(folder, 'pid'), '--storage-driver', 'vfs', '--log-level', 'fatal'],
    ...['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    ...['--ip-masq=false', '--max-concurrent-uploads', '5'],
  ];
  const child: ChildProcess = spawn('dockerd', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const docker = (...words: string[]) => run('docker', words, env);
  for (let waitedMs = 0; (await docker('version')).code !== 0; waitedMs += 100) {
    if (child.exitCode !== null || waitedMs > 30_000) throw new Error('dockerd did not start');
    await sleep(100);
  }
  return {
    folder,
    docker,
    ok: (...words) => ok('docker', words, env),
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
