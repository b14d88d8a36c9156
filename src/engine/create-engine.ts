import { mkdir } from 'node:fs/promises';
import { errorMessage } from '../core/index.ts';
import { openCgroups } from '../linux/index.ts';
import type { Database, ImageStore, Snapshots } from '../store/index.ts';
import { defaultCgroupParent } from './bundle/build-bundle.ts';
import { type HostFacts, readHostFacts } from './bundle/host-facts.ts';
import { attach, logsOf } from './containers/attach.ts';
import type { Container } from './containers/container.ts';
import { openContainerTable } from './containers/container-table.ts';
import type { ContainerFiles, ContainerStreams, Containers } from './containers/containers.ts';
import { createContainers } from './containers/create-containers.ts';
import { createInsight, type Insight } from './containers/insight.ts';
import { createKeyedLock } from './containers/keyed-lock.ts';
import { createMembership, type Membership } from './containers/membership.ts';
import { isAlive } from './containers/transition.ts';
import { createLifecycle } from './containers/verbs/lifecycle.ts';
import { createRemoval, type Removal } from './containers/verbs/remove-container.ts';
import { createRestarts } from './containers/verbs/restarts.ts';
import { createWaiters } from './containers/waiters.ts';
import {
  type EngineParts,
  type EnginePaths,
  shimEventsPath,
  shimSocketsPath,
} from './engine-parts.ts';
import type { Events } from './events/events.ts';
import { createContainerFiles } from './files/container-files.ts';
import { createOutputs } from './io/output/outputs.ts';
import type { Networks } from './network/networks.ts';
import { adoptRuns } from './runs/adopt-runs.ts';
import { createExecs } from './runs/execs.ts';
import { createRootMounts } from './runs/root-mounts.ts';
import { userInside } from './runs/user-inside.ts';
import { serveShimEvents } from './runtime/events-server.ts';
import type { Runtimes } from './runtime/runtimes.ts';
import type { Volumes } from './volumes/volumes.ts';

export interface EngineOptions {
  readonly database: Database;
  readonly snapshots: Snapshots;
  readonly images: Pick<ImageStore, 'resolve'>;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly runtimes: Runtimes;
  readonly events: Events;
  readonly paths: EnginePaths;
  readonly host?: HostFacts;
  /** Told what goes wrong where nobody waits for an answer. */
  readonly warn?: (message: string) => void;
  /** Told that output can no longer be taken: the process is to be started anew. */
  readonly onFailure: (error: Error) => void;
  readonly now?: () => number;
}

export interface Engine extends AsyncDisposable {
  readonly containers: Containers;
  readonly streams: ContainerStreams;
  readonly files: ContainerFiles;
  readonly membership: Membership;
  readonly insight: Insight;
  /** Which writable snapshots are containers', for the store to recover before `adopt`. */
  liveSnapshots(): { existing: ReadonlySet<string>; running: ReadonlySet<string> };
  /** Once, before any other verb: takes over what a daemon before left running. */
  adopt(): Promise<void>;
  /** Dispose leaves containers running, for the next daemon to adopt. */
}

/** The engine of one daemon. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { paths, events } = options;
  await mkdir(paths.runPath, { recursive: true, mode: 0o711 });
  await mkdir(shimSocketsPath(paths), { recursive: true, mode: 0o700 });
  const closing = new AbortController();
  const parts = assemble(options, {
    later: {
      restart: (id, delayMs) => restarts.later(id, delayMs),
      remove: (id) => void removeLater(parts, removal, id),
    },
    runExec: (...args) => execs.runExec(...args),
    isRootHeld: (id) => rootMounts.isHeld(id),
    closing: closing.signal,
  });
  const execs = createExecs(parts);
  const rootMounts = createRootMounts(parts);
  const restarts = createRestarts(parts);
  const removal = createRemoval(parts, { restarts, forgetExecs: execs.forget });
  const lifecycle = createLifecycle(parts, restarts);
  const containers = createContainers(parts, { ...lifecycle, remove: removal.remove });
  const shimEvents = await serveShimEvents(shimEventsPath(paths), ({ topic, containerId }) => {
    if (topic === '/tasks/oom') noteOutOfMemory(parts, containerId);
  });
  return {
    containers,
    streams: {
      attach: (ref, stream, how) => attach(parts, ref, stream, how),
      logs: (ref, how) => logsOf(parts, ref, how),
      ...execs,
    },
    files: createContainerFiles({
      find: parts.table.find,
      openRoot: ({ id }) => rootMounts.open(id),
      userOf: ({ config }, rootPath) => userInside(rootPath, config.User ?? ''),
      events,
    }),
    membership: createMembership(parts),
    insight: createInsight(parts, execs),
    liveSnapshots: () => liveSnapshots(parts),
    adopt: () => adopt(parts, containers, removal),
    async [Symbol.asyncDispose]() {
      closing.abort();
      for (const { shim, stdin } of parts.runs.values()) {
        stdin?.release();
        shim[Symbol.dispose]();
      }
      await parts.outputs[Symbol.asyncDispose]();
      await shimEvents[Symbol.asyncDispose]();
      if (parts.runs.size === 0) parts.cgroups.removeEmpty(defaultCgroupParent);
    },
  };
}

/** `calls` are what the lower parts ask of those made from them. */
function assemble(
  options: EngineOptions,
  calls: Pick<EngineParts, 'later' | 'runExec' | 'isRootHeld' | 'closing'>,
): EngineParts {
  const { database, snapshots, images, networks, volumes, runtimes, paths, events } = options;
  return {
    table: openContainerTable(database),
    snapshots,
    images,
    networks,
    volumes,
    runtimes,
    paths,
    outputs: createOutputs({ onFailure: options.onFailure }),
    cgroups: openCgroups(),
    host: options.host ?? readHostFacts(),
    waiters: createWaiters(),
    runs: new Map(),
    joiners: new Map(),
    inTurn: createKeyedLock(),
    warn: options.warn ?? (() => {}),
    now: options.now ?? Date.now,
    tell: (container, action, attributes) =>
      events.publish({
        type: 'container',
        action,
        actorId: container.id,
        attributes: eventAttributes(container, attributes),
      }),
    ...calls,
  };
}

function liveSnapshots({ table }: EngineParts) {
  const records = table.list();
  const ids = (some: typeof records) => new Set(some.map(({ id }) => id));
  return {
    existing: ids(records),
    running: ids(records.filter(({ state }) => isAlive(state))),
  };
}

async function adopt(parts: EngineParts, containers: Containers, removal: Removal): Promise<void> {
  const { toRemove, toStart } = await adoptRuns(parts);
  for (const id of toRemove) await finishRemoval(parts, removal, id);
  for (const id of toStart) {
    containers
      .start(id)
      .catch((error) => parts.warn(`start container ${id}: ${errorMessage(error)}`));
  }
}

async function finishRemoval(parts: EngineParts, removal: Removal, id: string): Promise<void> {
  const volumes = parts.table.find(id).hostConfig.AutoRemove === true;
  const begun = parts.table.apply(id, { kind: 'removal-begun' });
  try {
    await removal.finish(begun, { volumes });
  } catch (error) {
    parts.warn(`remove container ${id}: ${errorMessage(error)}`);
  }
}

async function removeLater(parts: EngineParts, removal: Removal, id: string): Promise<void> {
  try {
    await removal.remove(id, { force: true, volumes: true });
  } catch (error) {
    // Unless someone else was first.
    if (parts.table.get(id)) parts.warn(errorMessage(error));
  }
}

/** Docker's: the labels, the image and the name, and what the event itself adds. */
function eventAttributes(
  { config, name }: Container,
  attributes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { ...attributes, ...config.Labels, image: config.Image, name };
}

function noteOutOfMemory(parts: EngineParts, id: string): void {
  const run = parts.runs.get(id);
  const record = parts.table.get(id);
  if (!run || !record) return;
  run.ranOutOfMemory = true;
  parts.tell(record, 'oom');
}
