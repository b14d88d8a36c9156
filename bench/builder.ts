import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, runForBoth } from './processes.ts';

/** Something that builds a folder with its Dockerfile. */
export interface Builder {
  readonly name: string;
  /** Throws with the program's output when it fails. */
  build(folder: string, tag?: string): Promise<unknown>;
  /** As `build`, for what the steps write. */
  output(folder: string): Promise<string>;
  /** Starts the client and has it do nothing. */
  idle(): Promise<unknown>;
}

/** What a docker client has a daemon do by the classic protocol. */
export function classicBuilder(
  name: string,
  docker: (...args: string[]) => Promise<string>,
): Builder {
  return {
    name,
    build: (folder, tag) => docker('build', '-q', ...(tag ? ['-t', tag] : []), folder),
    output: (folder) => docker('build', folder),
    idle: () => docker('--version'),
  };
}

/**
 * What a docker client has a daemon do by BuildKit's protocol. Clients since 23 want a plugin for it,
 * Debian's 20.10 has all; throws when no client at hand can, or the daemon cannot.
 */
export async function buildkitBuilder(
  name: string,
  host: string,
  folder: string,
): Promise<Builder> {
  const empty = join(folder, 'buildkit');
  mkdirSync(empty, { recursive: true });
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: empty, DOCKER_BUILDKIT: '1' };
  let failure: unknown;
  for (const client of ['docker', '/usr/bin/docker']) {
    const docker = (...args: string[]) => run(client, args, env);
    try {
      // No Dockerfile is there: a client that can asks the daemon, and it says so.
      await docker('build', '-q', empty).catch((error) => {
        if (!/failed to read dockerfile/i.test(error.message)) throw error;
      });
      return {
        ...classicBuilder(name, docker),
        async output(context) {
          const { stdout, stderr } = await runForBoth(
            client,
            ['build', '--progress=plain', context],
            env,
          );
          return stdout + stderr;
        },
      };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** Debian's buildah in a storage of its own, with its layer cache. */
export async function openBuildah(folder: string): Promise<Builder> {
  const storage = [
    ...['--root', join(folder, 'root'), '--runroot', join(folder, 'run')],
    ...['--storage-driver', 'overlay'],
  ];
  const buildah = (...args: string[]) => run('buildah', [...storage, ...args]);
  await buildah('images');
  const how = ['build', '--layers', '--isolation', 'chroot'];
  return {
    name: 'buildah',
    build: (context, tag) => buildah(...how, '-q', ...(tag ? ['-t', tag] : []), context),
    output: (context) => buildah(...how, context),
    idle: () => buildah('--version'),
  };
}
