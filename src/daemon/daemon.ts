import { join } from 'node:path';
import {
  type BuildRecords,
  createApiServer,
  dockerApi,
  type ListenAddress,
  pageNotFound,
  platformApi,
} from '../api/index.ts';
import type { BerthBuilder } from '../build/index.ts';
import { type Digest, errorMessage, invalid } from '../core/index.ts';
import type { Containers } from '../engine/index.ts';
import { createJobs, exitCodeOf, type Jobs, stateName } from '../jobs/index.ts';
import { createRegistryClient, type RegistryClient, userAccounts } from '../registry/index.ts';
import { type Database, openDatabase, openStore, type Store } from '../store/index.ts';
import { createBuildRecords } from './build-records.ts';
import type { Config } from './config.ts';
import { dockerPorts } from './docker-ports.ts';
import { keepHouse } from './housekeeping.ts';
import { giveMemoryBackWhenIdle } from './idle-memory.ts';
import { createImageArchives } from './image-archives.ts';
import { createImageContents } from './image-contents.ts';
import { createJobBackend } from './job-backend.ts';
import { createJobOutputs } from './job-outputs.ts';
import { createJobRecords } from './job-records.ts';
import { lockFolder } from './lock.ts';
import { warn } from './log.ts';
import { openBuilder } from './open-builder.ts';
import { type EngineParts, openEngine } from './open-engine.ts';
import { openRegistry } from './open-registry.ts';
import { readSystemFacts } from './system-facts.ts';
import { createTransfers, type Transfers } from './transfers.ts';
import { createUsers } from './users.ts';

export interface Daemon {
  /** Ends the daemon; containers go on unless they are to be stopped, too. */
  stop(options: { containers: boolean }): Promise<void>;
  onShutdownAsked(listener: (options: { containers: boolean }) => void): void;
}

/** All that the APIs are served with. */
interface Parts extends EngineParts {
  readonly config: Config;
  readonly store: Store;
  readonly client: RegistryClient;
  readonly transfers: Transfers;
  readonly builder: BerthBuilder;
  readonly buildRecords: BuildRecords;
  readonly users: ReturnType<typeof createUsers>;
  readonly jobs: Jobs;
}

/** Wires every port to its implementation, takes over what an earlier daemon left, and listens. */
export async function startDaemon(config: Config): Promise<Daemon> {
  await using started = new AsyncDisposableStack();
  started.use(await lockFolder(config.runPath));
  started.use(await lockFolder(config.rootPath));
  const parts = await openParts(config, started);
  const shutdownListeners: ((options: { containers: boolean }) => void)[] = [];
  let stopsContainers = false;
  started.defer(async () => {
    await parts.jobs.close();
    if (stopsContainers) await stopContainers(parts.engine.containers);
  });
  await serveApis(parts, started, (options) => {
    for (const listener of shutdownListeners) listener(options);
  });
  await parts.jobs.resume();
  started.use(giveMemoryBackWhenIdle());
  const { address, port } = config.registry;
  warn(`serving ${config.hosts.join(', ')}, registry on ${address}:${port}`);
  const kept = started.move();
  return {
    onShutdownAsked: (listener) => void shutdownListeners.push(listener),
    async stop({ containers }) {
      stopsContainers = containers;
      await kept.disposeAsync();
    },
  };
}

async function openParts(config: Config, started: AsyncDisposableStack): Promise<Parts> {
  const database = started.use(openDatabase(join(config.rootPath, 'berth.db')));
  // Who keeps layers and blobs is opened after the store that asks for them.
  const needs: { builds: () => ReadonlySet<Digest>; registry: () => Digest[] } = {
    builds: () => new Set(),
    registry: () => [],
  };
  const store = started.use(
    await openStore({
      rootPath: config.rootPath,
      database,
      isNeeded: (chain) => needs.builds().has(chain),
      roots: () => ({ blobs: needs.registry(), chains: needs.builds() }),
    }),
  );
  const engineParts = started.use(await openEngine({ config, database, store, onFailure: fail }));
  const users = createUsers(database);
  const registry = await openRegistry({ config, content: store.content, database, users });
  started.use(registry.server);
  needs.registry = registry.digests;
  const client = started.use(
    createRegistryClient({
      insecureRegistries: config.insecureRegistries,
      mirrors: config.registryMirrors,
      certsPaths: ['/etc/berth/certs.d', '/etc/docker/certs.d'],
      onWarning: (text, domain) => warn(`registry ${domain} warns: ${text}`),
    }),
  );
  const transfers = createTransfers({ client, images: store.images, own: registry.own });
  const runner = engineParts.steps;
  const builder = await openBuilder({ config, database, store, runner, client, transfers });
  started.use(builder);
  needs.builds = () => builder.heldChains();
  started.use(keepHouse({ store, images: store.images, registry, warn }));
  const jobs = openJobs({ config, database, store, engineParts });
  const buildRecords = started.use(createBuildRecords(database, warn));
  return { ...engineParts, config, store, client, transfers, builder, buildRecords, users, jobs };
}

function openJobs(options: {
  config: Config;
  database: Database;
  store: Store;
  engineParts: EngineParts;
}): Jobs {
  const { config, database, store, engineParts } = options;
  const { containers, streams } = engineParts.engine;
  const outputs = createJobOutputs(join(config.rootPath, 'jobs'));
  return createJobs({
    records: createJobRecords(database),
    backend: createJobBackend({ containers, streams, images: store.images, outputs }),
    capacity: config.jobs,
    onFault: warn,
  });
}

async function serveApis(
  parts: Parts,
  started: AsyncDisposableStack,
  shutDown: (options: { containers: boolean }) => void,
): Promise<void> {
  const { config, store, engine, builder, jobs, users } = parts;
  const archives = createImageArchives({
    images: store.images,
    snapshots: store.snapshots,
    containers: engine.containers,
    spoolPath: join(config.rootPath, 'content/ingest'),
  });
  const facts = await readSystemFacts(config);
  const api = await createApiServer({
    tables: [
      dockerApi(dockerPorts({ ...parts, facts, archives })),
      platformApi({
        builder,
        imageContents: createImageContents(store),
        jobs: { jobs, stateName, exitCodeOf },
        users: userAccounts(users),
        // Once the answer is out.
        shutDown: (options) => void setImmediate(() => shutDown(options)),
      }),
    ],
    notFound: pageNotFound,
    onFailure: (error, { method, url }) =>
      warn(`${method} ${url}: ${(error as Error).stack ?? errorMessage(error)}`),
  });
  started.use(api);
  for (const host of config.hosts) await api.listen(listenAddress(host));
}

/** Their processes and networks go; they themselves stay, to be started again. */
async function stopContainers(containers: Containers): Promise<void> {
  const stops = containers.list().map(({ id }) => containers.stop(id));
  for (const result of await Promise.allSettled(stops)) {
    if (result.status === 'rejected') warn(`stop container: ${errorMessage(result.reason)}`);
  }
}

/** Containers outlive the daemon, and the next one finds all they wrote: ending is the safe thing. */
function fail(error: Error): never {
  warn(`the daemon cannot go on: ${error.stack ?? error.message}`);
  process.exit(1);
}

function listenAddress(host: string): ListenAddress {
  if (host.startsWith('unix://')) return { kind: 'unix', path: host.slice('unix://'.length) };
  const match = /^tcp:\/\/(\[[^\]]+\]|[^:/]*):(\d+)$/.exec(host);
  if (!match) throw invalid(`listen on ${host}: expected unix:///path or tcp://address:port`);
  const address = match[1]!.replace(/^\[|\]$/g, '') || '127.0.0.1';
  return { kind: 'tcp', host: address, port: Number(match[2]) };
}
