import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BerthBuilder,
  createBuilder,
  createSqliteRecords,
  type Runner,
} from '../build/index.ts';
import type { RegistryClient } from '../registry/index.ts';
import { createRootFiles, type Database, type Store } from '../store/index.ts';
import { createBaseImages, createImageWriter } from './build/base-images.ts';
import { createDecompressors } from './build/decompressors.ts';
import { createEmulators } from './build/emulators.ts';
import { createCacheStores, createExports } from './build/exports.ts';
import { createFetcher } from './build/fetcher.ts';
import { createFilesystems } from './build/filesystems.ts';
import { createLayers } from './build/layers.ts';
import type { Config } from './config.ts';
import type { Transfers } from './transfers.ts';

const leastCacheBytes = 2 * 2 ** 30;

/** What the cache may keep by default: a tenth of the disk, as with BuildKit. */
function cacheShareOf(path: string): number {
  const { blocks, bsize } = statfsSync(path);
  return Math.max(leastCacheBytes, Math.floor((blocks * bsize) / 10));
}

/** The builder with its ports over store, engine and registry. */
export function openBuilder(options: {
  config: Config;
  database: Database;
  store: Store;
  runner: Runner;
  client: RegistryClient;
  transfers: Transfers;
}): Promise<BerthBuilder> {
  const { config, database, store, runner, client, transfers } = options;
  const { snapshots, images, content, trees } = store;
  return createBuilder(
    {
      filesystems: createFilesystems({ snapshots, images }),
      trees,
      rootFiles: createRootFiles(),
      runner,
      baseImages: createBaseImages({ images, transfers }),
      images: createImageWriter(images),
      records: createSqliteRecords(database),
      fetcher: createFetcher({ knownHostsPath: join(config.rootPath, 'known_hosts') }),
      layers: createLayers({
        snapshots,
        images,
        open: (digest, offset) => content.open(digest, { start: offset }),
      }),
      exports: createExports({
        images,
        transfers,
        archiveStack: (...stack) => snapshots.archiveStack(...stack),
      }),
      cacheStores: createCacheStores(client),
      emulators: createEmulators(),
      decompressors: createDecompressors(),
    },
    // Beside the snapshots, so that files of a context can be linked into layers.
    {
      root: join(config.rootPath, 'build'),
      secretRoot: join(config.runPath, 'build-secrets'),
      cacheLimitBytes: config.build.cacheBytes ?? cacheShareOf(config.rootPath),
    },
  );
}
