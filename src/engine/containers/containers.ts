import type { Duplex } from 'node:stream';
import type { ByteStream } from '../../core/index.ts';
import type { Change } from '../../store/index.ts';
import type { Container } from './container.ts';
import type { ContainerConfig, EndpointSettings, HostConfig } from './container-config.ts';

/**
 * Every verb on containers. `ref` is a full id, a name, or an unambiguous id prefix; an unknown one
 * throws `not-found` ("No such container: x"). Verbs that find the state already reached return
 * `{ changed: false }` and throw nothing.
 */
export interface Containers {
  create(request: CreateRequest): Promise<{ id: string; warnings: string[] }>;
  get(ref: string): Container;
  list(): readonly Container[];
  start(ref: string): Promise<{ changed: boolean }>;
  /** Stop signal, then SIGKILL after `timeoutS` (default: the container's, else 10; -1: never). */
  stop(
    ref: string,
    options?: { timeoutS?: number; signal?: string },
  ): Promise<{ changed: boolean }>;
  restart(ref: string, options?: { timeoutS?: number; signal?: string }): Promise<void>;
  /** `signal` as a name with or without SIG, or a number; default KILL. Throws `conflict` when not running. */
  kill(ref: string, signal?: string): Promise<void>;
  pause(ref: string): Promise<void>;
  unpause(ref: string): Promise<void>;
  remove(ref: string, options?: { force?: boolean; volumes?: boolean }): Promise<void>;
  rename(ref: string, name: string): Promise<void>;
  update(ref: string, change: Partial<HostConfig>): Promise<{ warnings: string[] }>;
  wait(
    ref: string,
    condition: WaitCondition,
    signal?: AbortSignal,
  ): Promise<{ code: number; error?: string }>;
  resize(ref: string, size: TerminalSize): Promise<void>;
  top(ref: string, psArgs: string): Promise<{ titles: string[]; processes: string[][] }>;
  stats(ref: string): Promise<ContainerStats>;
  changes(ref: string): Promise<Change[]>;
}

export interface CreateRequest {
  /** Empty: a generated one. */
  name?: string;
  config: ContainerConfig;
  hostConfig: HostConfig;
  endpoints?: Record<string, EndpointSettings>;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** Input and output of containers: attach, logs, exec. */
export interface ContainerStreams {
  /**
   * Joins a container's streams. Output arrives on `stream` as raw bytes when it has a terminal,
   * else in Docker's 8-byte framed form; input on `stream` goes to the process. Resolves when the
   * client leaves (detach keys, closed connection) or the container's output ends.
   */
  attach(ref: string, stream: Duplex, options: AttachOptions): Promise<void>;
  logs(ref: string, options: LogOptions): AsyncIterable<LogLine>;
  createExec(ref: string, request: ExecRequest): Promise<{ id: string }>;
  /** As `attach`, for an exec; without a stream it runs detached. */
  startExec(
    id: string,
    stream: Duplex | undefined,
    options: { tty: boolean; detachKeys?: string; size?: TerminalSize },
  ): Promise<void>;
  resizeExec(id: string, size: TerminalSize): Promise<void>;
  getExec(id: string): Exec;
}

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Replay what the log holds first. */
  logs: boolean;
  /** Go on with what comes. */
  follow: boolean;
  /** Output arrives unframed also without a terminal. */
  raw?: boolean;
  detachKeys?: string;
  signal?: AbortSignal;
  /** Called once the streams are joined, before any byte: the moment to answer the upgrade. */
  onJoined?: () => void;
}

export interface LogOptions {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  sinceMs?: number;
  untilMs?: number;
  /** Number of lines from the end; all when absent. */
  tail?: number;
  signal?: AbortSignal;
}

export interface LogLine {
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  /** With its newline, unless the process wrote none. */
  readonly bytes: Uint8Array;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface ExecRequest {
  Cmd: string[];
  Env?: string[];
  User?: string;
  WorkingDir?: string;
  Tty?: boolean;
  Privileged?: boolean;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  DetachKeys?: string;
  ConsoleSize?: [height: number, width: number];
}

export interface Exec {
  readonly id: string;
  readonly containerId: string;
  readonly request: Readonly<ExecRequest>;
  readonly state:
    | { readonly kind: 'created' }
    | { readonly kind: 'running'; readonly pid: number }
    | { readonly kind: 'exited'; readonly code: number };
}

/** Files of a container, running or not; paths are resolved inside its root, never outside. */
export interface ContainerFiles {
  stat(ref: string, path: string): Promise<PathStat>;
  /** Tar of a file or folder, named by its last component. */
  read(ref: string, path: string): Promise<{ stat: PathStat; archive: ByteStream }>;
  /** Unpacks a tar (hostile) into an existing directory. */
  write(
    ref: string,
    path: string,
    archive: ByteStream,
    options: { noOverwriteDirNonDir: boolean; copyUidGid: boolean },
  ): Promise<void>;
  /** Tar of the whole filesystem. */
  export(ref: string): Promise<ByteStream>;
}

/** As in the `X-Docker-Container-Path-Stat` header; mode is Go's os.FileMode. */
export interface PathStat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  linkTarget: string;
}

/** One reading of a container's counters; nanoseconds and bytes. */
export interface ContainerStats {
  readAtMs: number;
  pids: number;
  pidsLimit?: number;
  cpu: {
    totalNs: number;
    userNs: number;
    systemNs: number;
    hostTotalNs: number;
    onlineCpus: number;
    throttledPeriods: number;
    periods: number;
    throttledNs: number;
  };
  memory: { usageBytes: number; limitBytes: number; stats: Record<string, number> };
  networks: Record<
    string,
    {
      rxBytes: number;
      rxPackets: number;
      rxErrors: number;
      rxDropped: number;
      txBytes: number;
      txPackets: number;
      txErrors: number;
      txDropped: number;
    }
  >;
  blockIo: { major: number; minor: number; op: 'read' | 'write'; bytes: number }[];
}
