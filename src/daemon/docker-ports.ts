import { availableParallelism, hostname } from 'node:os';
import type { BuildRecords, ContainerInsight, DockerPorts, SystemFacts } from '../api/index.ts';
import type { BerthBuilder } from '../build/index.ts';
import { formatReference, hostPlatform, type Reference } from '../core/index.ts';
import type { Engine, Events, Networks, Volumes } from '../engine/index.ts';
import { decompressDetected } from '../image/index.ts';
import { checkLogin, type RegistryClient } from '../registry/index.ts';
import type { ChainId, Store } from '../store/index.ts';
import type { createImageArchives } from './image-archives.ts';
import type { Transfers } from './transfers.ts';

/** Takes a name of an image away, and the image with its only one. */
async function dropName(
  images: Store['images'],
  reference: Reference,
  isOnlyName: boolean,
): Promise<void> {
  const { id, tags, repoDigests } = await images.resolve(formatReference(reference));
  await images.untag(reference);
  if (isOnlyName && tags.length + repoDigests.length === 1) await images.delete(id);
}

/** What Docker's API is served with. */
export function dockerPorts(parts: {
  facts: () => SystemFacts;
  events: Events;
  engine: Engine;
  networks: Networks;
  volumes: Volumes;
  store: Store;
  builder: BerthBuilder;
  buildRecords: BuildRecords;
  client: RegistryClient;
  transfers: Transfers;
  archives: ReturnType<typeof createImageArchives>;
}): DockerPorts {
  const { facts, events, engine, networks, volumes, store, builder, client, transfers, archives } =
    parts;
  const { containers, streams, files, insight, membership } = engine;
  const { images, snapshots } = store;

  /** Directories of a stack, the topmost first. */
  function stackPaths(chain: ChainId | null): string[] {
    const record = chain === null ? undefined : snapshots.records.get(chain);
    return record ? snapshots.directories.all(record) : [];
  }

  const layout: ContainerInsight['layout'] = (id) => {
    const { upperPath, rootPath, workPath, parent } = snapshots.layoutOf(id);
    const overlay = { lowerPaths: stackPaths(parent), upperPath, mergedPath: rootPath, workPath };
    return { ...insight.layout(id), overlay };
  };

  return {
    version: facts().version,
    system: {
      facts,
      events,
      counts: async () => {
        const kinds = containers.list().map(({ state }) => state.kind);
        const running = kinds.filter((kind) => kind === 'running').length;
        const paused = kinds.filter((kind) => kind === 'paused').length;
        const stopped = kinds.length - running - paused;
        return { running, paused, stopped, images: (await images.list()).length };
      },
      disk: { images, containers, insight, volumes, buildCache: builder.cache },
      checkLogin: ({ serverAddress, ...credentials }, signal) =>
        checkLogin(client, serverAddress, credentials, signal),
    },
    containers: {
      containers,
      streams,
      files,
      images,
      insight: { ...insight, layout },
      commit: archives.commit,
      decompress: decompressDetected,
      cpus: availableParallelism(),
    },
    execs: streams,
    images: {
      images,
      containers,
      transfers,
      archives,
      layerPaths: ({ chain }) => stackPaths(chain).reverse(),
    },
    builds: { builder, cache: builder.cache },
    buildkit: {
      builder,
      cache: builder.cache,
      records: parts.buildRecords,
      dropName: (reference, isOnlyName) => dropName(images, reference, isOnlyName),
      platform: hostPlatform(),
      hostname: hostname(),
      version: facts().version,
    },
    networks: { networks, membership },
    volumes: { volumes, containers },
  };
}
