import { join } from 'node:path';
import type { Cgroups } from '../linux/index.ts';
import type { ImageStore, Snapshots } from '../store/index.ts';
import type { HostFacts } from './bundle/host-facts.ts';
import type { Container } from './containers/container.ts';
import type { ContainerTable } from './containers/container-table.ts';
import type { Waiters } from './containers/waiters.ts';
import type { Outputs } from './io/output/outputs.ts';
import type { Networks } from './network/networks.ts';
import type { Execs } from './runs/execs.ts';
import type { Run } from './runs/run.ts';
import type { Runtimes } from './runtime/runtimes.ts';
import type { Volumes } from './volumes/volumes.ts';

/** What the parts of the engine share: stores, the world outside, and what is running now. */
export interface EngineParts {
  readonly table: ContainerTable;
  readonly snapshots: Snapshots;
  readonly images: Pick<ImageStore, 'resolve'>;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly runtimes: Runtimes;
  readonly outputs: Outputs;
  readonly cgroups: Cgroups;
  readonly host: HostFacts;
  readonly paths: EnginePaths;
  readonly waiters: Waiters;
  /** Containers whose processes exist, by id. */
  readonly runs: Map<string, Run>;
  /** Those that wait for a container to start, to be joined to its streams before it says a word. */
  readonly joiners: Map<string, Set<Joiner>>;
  /** What the end of a run leads to, done in the container's turn after a while. */
  readonly later: {
    restart(id: string, delayMs: number): void;
    remove(id: string): void;
  };
  readonly runExec: Execs['runExec'];
  /** Whether someone works on files of a container's root, which then stays mounted. */
  readonly isRootHeld: (id: string) => boolean;
  /** Aborted when this daemon ends and leaves its containers to the next. */
  readonly closing: AbortSignal;
  /** One verb at a time on one container. */
  readonly inTurn: <T>(id: string, work: () => Promise<T>) => Promise<T>;
  /** Publishes a container's event with Docker's attributes. */
  readonly tell: (
    container: Container,
    action: string,
    attributes?: Readonly<Record<string, string>>,
  ) => void;
  /** Told what went wrong where nobody waits for an answer. */
  readonly warn: (message: string) => void;
  readonly now: () => number;
}

/** Called when the streams of a container exist and its program has not begun. */
export type Joiner = (run: Run) => Promise<void>;

export interface EnginePaths {
  /** Kept over restarts: `containers/<id>/`. */
  readonly rootPath: string;
  /** Gone with a reboot: bundles and fifos. */
  readonly runPath: string;
}

/** The socket that shims tell their events to. */
export function shimEventsPath({ runPath }: EnginePaths): string {
  return join(runPath, 'shim-events.sock');
}

/** Folder of the sockets on which shims listen. */
export function shimSocketsPath({ runPath }: EnginePaths): string {
  return join(runPath, 'shims');
}

/** Where the parts of one container lie. */
export interface ContainerPaths {
  readonly statePath: string;
  readonly logPath: string;
  readonly hostsPath: string;
  readonly hostnamePath: string;
  readonly resolvConfPath: string;
  readonly journalsPath: string;
  readonly bundlePath: string;
  readonly shmPath: string;
}

export function containerPaths({ rootPath, runPath }: EnginePaths, id: string): ContainerPaths {
  const statePath = join(rootPath, 'containers', id);
  const bundlePath = join(runPath, 'containers', id);
  return {
    statePath,
    logPath: join(statePath, 'logs', `${id}-json.log`),
    hostsPath: join(statePath, 'hosts'),
    hostnamePath: join(statePath, 'hostname'),
    resolvConfPath: join(statePath, 'resolv.conf'),
    journalsPath: join(statePath, 'journals'),
    bundlePath,
    shmPath: join(bundlePath, 'shm'),
  };
}
