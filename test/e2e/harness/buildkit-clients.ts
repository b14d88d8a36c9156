import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A docker client with BuildKit built in: of version 20.10, which needs no plugin; undefined without. */
export function clientWithBuildkit(): string | undefined {
  return ['/usr/bin/docker', 'docker'].find((path) => {
    const { stdout = '' } = spawnSync(path, ['--version'], { encoding: 'utf8' });
    return /version (19\.03|20\.10)\./.test(stdout ?? '');
  });
}

const pluginFolders = [
  process.env.DOCKER_PLUGINS ?? '',
  '/usr/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/local/lib/docker/cli-plugins',
];

/** Where a plugin of the docker client is on this machine (or in `DOCKER_PLUGINS`), if it is. */
export function clientPlugin(name: 'docker-buildx' | 'docker-compose'): string | undefined {
  return pluginFolders
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path) && spawnSync(path, ['version']).status === 0);
}

/** Makes plugins known to a client that keeps its configuration in this folder. */
export function installPlugins(configFolder: string, plugins: readonly string[]): void {
  const folder = join(configFolder, 'cli-plugins');
  mkdirSync(folder, { recursive: true });
  for (const path of plugins) copyFileSync(path, join(folder, path.split('/').at(-1)!));
}
