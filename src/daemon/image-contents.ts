import { posix } from 'node:path';
import type { ImageContentsReader } from '../api/index.ts';
import { createRootFiles, type RootFiles, type Store } from '../store/index.ts';

/** Where a shell looks for programs in an image that does not say. */
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const mostFolders = 32;
const mostPrograms = 20_000;
const releaseLimitBytes = 64 * 1024;

/** Looks into images through a mount of their layers that lasts as long as the look. */
export function createImageContents({
  images,
  snapshots,
}: Pick<Store, 'images' | 'snapshots'>): ImageContentsReader {
  const rootFiles = createRootFiles();
  return {
    async read(nameOrId) {
      const { chain, config } = await images.resolve(nameOrId);
      const path = config.config?.Env?.find((pair) => pair.startsWith('PATH='))?.slice(5);
      await using view = await snapshots.view(chain);
      const names = await programNames(rootFiles, view.rootPath, path ?? usualPath);
      const distribution = await distributionName(rootFiles, view.rootPath);
      return { programs: names, ...(distribution !== undefined && { distribution }) };
    },
  };
}

async function programNames(
  rootFiles: RootFiles,
  rootPath: string,
  path: string,
): Promise<string[]> {
  const folders = path.split(':').filter((folder) => posix.isAbsolute(folder));
  const names = new Set<string>();
  for (const folder of folders.slice(0, mostFolders)) {
    for (const name of (await rootFiles.list(rootPath, folder, { most: mostPrograms })) ?? [])
      names.add(name);
  }
  return [...names].sort().slice(0, mostPrograms);
}

/** `PRETTY_NAME` of os-release(5), on one line and not endless. */
async function distributionName(
  rootFiles: RootFiles,
  rootPath: string,
): Promise<string | undefined> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const bytes = await rootFiles.read(rootPath, path, releaseLimitBytes).catch(() => undefined);
    const line = bytes && /^PRETTY_NAME=(.*)$/m.exec(Buffer.from(bytes).toString('utf8'))?.[1];
    const name = line?.trim().replace(/^(["'])(.*)\1$/, '$2');
    if (name) return name.slice(0, 60);
  }
  return undefined;
}
