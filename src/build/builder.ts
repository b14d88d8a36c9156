import type { Duplex } from 'node:stream';
import type { BerthError, ByteStream, Digest, Platform, Reference } from '../core/index.ts';
import type { Excerpt, Place } from '../dockerfile/index.ts';
import type { BuildOutline, OutlineTarget } from './plan/outline.ts';
import type { RegistryAuth, RunRequest, StepLimits, TerminalSize } from './ports.ts';
import type { RemoteBlobs } from './remote-blobs.ts';
import type { RemoteFolder } from './remote-folder.ts';

/** Builds images. One `build` call is one build; several run at once and share equal steps. */
export interface Builder {
  /**
   * Throws `invalid` for a bad Dockerfile (details: DockerfileErrorDetails of dockerfile/), `canceled`
   * on abort, and for a failed step an error whose details are StepFailureDetails.
   */
  build(
    request: BuildRequest,
    options: { onEvent: (event: BuildEvent) => void; signal?: AbortSignal },
  ): Promise<BuildResult>;
}

export type BuildContext =
  | { kind: 'tar'; stream: ByteStream }
  /** A git address (`#ref:subdir` understood), or http(s) of a tar or of a Dockerfile. */
  | { kind: 'remote'; url: string }
  | { kind: 'folder'; folder: RemoteFolder }
  | { kind: 'none' };

/** A folder at the client's that is an OCI layout, whose image stands for a name. */
export interface LayoutContext {
  readonly kind: 'layout';
  readonly folder: RemoteFolder;
  /** `:tag`, `@digest`, or '' for the only one. */
  readonly wanted: string;
}

/** An image out of a client's store of blobs, by the digest of its manifest or index. */
export interface ContentContext {
  readonly kind: 'content';
  readonly blobs: RemoteBlobs;
  readonly digest: Digest;
}

export interface BuildRequest {
  context: BuildContext;
  /**
   * Path in the context, or the text itself; with `ignore`, the text of an ignore file that counts in
   * place of the context's own.
   */
  dockerfile: { path: string } | { text: string; fileName?: string; ignore?: string };
  tags: readonly Reference[];
  buildArgs: Readonly<Record<string, string | undefined>>;
  target?: string;
  labels: Readonly<Record<string, string>>;
  noCache: boolean;
  /** Stages that are built afresh while others may use the cache; by name. */
  noCacheStages?: readonly string[];
  pull: boolean;
  platform?: Platform;
  /** `default`, `bridge`, `none` or `host`. */
  networkMode?: string;
  /** Bytes, CPU shares and the like for RUN steps, as Docker's build endpoint takes them. */
  limits?: StepLimits;
  shmSizeBytes?: number;
  /** `name:address`, as in --add-host. */
  extraHosts?: readonly string[];
  hostname?: string;
  /** For base images, cache and push. */
  auth?: RegistryAuth;
  /** --build-context: what a name in FROM, COPY --from or RUN --mount=from means instead. */
  contexts?: Readonly<
    Record<
      string,
      BuildContext | LayoutContext | ContentContext | { kind: 'image'; reference: Reference }
    >
  >;
  /** Content by id; kept in memory and on a tmpfs, never in a layer, key, record, log or history. */
  secrets?: Readonly<Record<string, Uint8Array>> | SecretSource;
  /** Sockets of ssh agents on this machine, by id, or agents that are asked for. */
  ssh?: Readonly<Record<string, { socketPath: string }>> | AgentSource;
  /** What the client grants to `RUN --network=host` and `RUN --security=insecure`. */
  allow?: readonly ('network.host' | 'security.insecure')[];
  /** Where the result goes; the local image store alone when absent. */
  outputs?: readonly BuildOutput[];
  cacheFrom?: readonly CacheAddress[];
  cacheTo?: readonly (CacheAddress & { mode?: 'min' | 'max' })[];
  /** Emits `step-missed` with reasons, and reasons with `step-cached`. */
  explain?: boolean;
  /** Emits `line-usage` at the end. */
  lineUsage?: boolean;
  /** Keeps the filesystem of a failed RUN: see StepFailureDetails. */
  keepFailedStep?: boolean;
  /** Says only what the builder's own checks find; runs nothing. */
  checkOnly?: boolean;
  /** Emits only what the Dockerfile offers: what its target takes, or which targets it has. */
  describeOnly?: 'outline' | 'targets';
}

/** Secrets that are asked for when a step wants them; undefined for an unknown id. */
export type SecretSource = (id: string, signal: AbortSignal) => Promise<Uint8Array | undefined>;

/** Agents that are asked for when a step wants them; undefined for an unknown id. */
export type AgentSource = (id: string, signal: AbortSignal) => Promise<SshAgent | undefined>;

export interface SshAgent {
  /** A connection of its own to the agent, which the caller ends. */
  connect(): Duplex;
}

/**
 * `local` and `tar` give the target's files, `oci` and `docker` an archive of the image; all four
 * as a stream in the result, for the client to store. `none` builds for the cache alone.
 */
export type BuildOutput =
  | { kind: 'image'; push?: boolean }
  | { kind: 'registry' }
  | { kind: 'local' | 'tar' | 'oci' | 'docker' }
  | { kind: 'none' };

export type CacheAddress =
  | { kind: 'registry'; reference: Reference }
  /** A folder of this machine, an OCI image layout. */
  | { kind: 'local'; path: string }
  /** In the image itself (export only). */
  | { kind: 'inline' };

export interface BuildResult extends AsyncDisposable {
  /** Digest of the image's config; empty when only checks or a description were asked for. */
  readonly imageId: Digest;
  /** Digest of its manifest, where one was made (push, archive). */
  readonly manifestDigest?: Digest;
  /** One stream for each output of kind local, tar, oci or docker, to be read before dispose. */
  readonly archives: readonly BuiltArchive[];
}

export interface BuiltArchive {
  readonly kind: 'local' | 'tar' | 'oci' | 'docker';
  readonly content: ByteStream;
  /** Of `local` and `tar`: the same files in a folder, which stands until it is disposed. */
  readonly mount?: () => Promise<{ readonly rootPath: string } & AsyncDisposable>;
}

/** What a build tells while it runs; steps are numbered from 1 over the whole target. */
export type BuildEvent =
  | { kind: 'plan'; steps: readonly BuildStep[] }
  /** Work that is no step: loading the Dockerfile, the context, metadata; exporting. */
  | { kind: 'task-started'; task: string; atMs: number }
  | {
      kind: 'task-progress';
      task: string;
      /** Of several parts, which: a layer's short digest. */
      id?: string;
      action?: string;
      current: number;
      total?: number;
    }
  | { kind: 'task-done'; task: string; atMs: number; detail?: string; failed?: boolean }
  | { kind: 'step-started'; step: number; atMs: number }
  /** A RUN's container exists, under this id. */
  | { kind: 'step-running'; step: number; containerId: string }
  | { kind: 'step-output'; step: number; stream: 'stdout' | 'stderr'; bytes: Uint8Array }
  | {
      kind: 'step-progress';
      step: number;
      id: string;
      action: string;
      current: number;
      total: number;
    }
  | { kind: 'step-cached'; step: number; atMs: number; imageId: Digest; reason?: string }
  /** Why the cache had nothing, with BuildRequest.explain. */
  | { kind: 'step-missed'; step: number; reasons: readonly string[] }
  | { kind: 'step-done'; step: number; atMs: number; sizeBytes: number; imageId: Digest }
  | { kind: 'step-failed'; step: number; atMs: number; message: string; exitCode?: number }
  | { kind: 'step-canceled'; step: number; atMs: number }
  | {
      kind: 'warning';
      code: string;
      message: string;
      line?: number;
      detail?: string;
      /** The lines it is about, for one that has a line. */
      place?: Place;
    }
  | { kind: 'line-usage'; lines: readonly LineUsage[] }
  /** With BuildRequest.describeOnly; `source` is the Dockerfile. */
  | { kind: 'outline'; source: string; outline: BuildOutline }
  | { kind: 'targets'; source: string; targets: readonly OutlineTarget[] };

/**
 * `imageId` of an event names the image as it is after the step: a real image for FROM and the last
 * step of the target, a stable name derived from content for those between.
 */
export interface BuildStep {
  readonly number: number;
  /** Name, or `stage-<index>`. */
  readonly stage: string;
  readonly stageIndex: number;
  /** As written, on one line: what follows "Step n/m : ". */
  readonly text: string;
  /** What the `[+] Building` view shows, `[stage 2/5] RUN make`; absent for steps it leaves out. */
  readonly title?: string;
  /** First and last line in the Dockerfile; 0 for steps that have none. */
  readonly line: number;
  readonly endLine: number;
}

/** Bytes of one Dockerfile line's layer, and what later lines did to them. */
export interface LineUsage {
  readonly step: number;
  readonly line: number;
  readonly text: string;
  readonly addedBytes: number;
  /** Of those, the bytes that later lines deleted or overwrote, and which lines. */
  readonly lostBytes: number;
  readonly lostTo: readonly { line: number; bytes: number }[];
}

/** Details of the error a failed step ends with. */
export interface StepFailureDetails {
  readonly step: number;
  readonly text: string;
  readonly line: number;
  readonly endLine: number;
  readonly fileName?: string;
  /** The step's lines and those around them; absent for steps that no line stands for. */
  readonly excerpt?: Excerpt;
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  /** Docker's wording of the failure, for the classic client. */
  readonly classicMessage: string;
  /** The last lines the step wrote. */
  readonly lastOutput: readonly string[];
  /** The failed step's filesystem, when it was asked for. */
  readonly kept?: FailedStep;
}

export type StepFailure = BerthError & { readonly details: StepFailureDetails };

/**
 * A failed RUN, kept for a look at what it left. Dispose drops it, and ends a shell that is open in it;
 * so does time, once no shell is open.
 */
export interface FailedStep extends AsyncDisposable {
  readonly id: string;
  readonly request: Omit<RunRequest, 'onOutput' | 'signal' | 'stdin'>;
  /**
   * Runs a shell where the step ran: with its files, environment, mounts, user and network. One at
   * a time: throws `conflict`.
   */
  shell(
    options: Pick<RunRequest, 'onOutput' | 'signal' | 'stdin'> & {
      /** Size of the terminal; without it there is none. */
      terminal?: TerminalSize;
    },
  ): Promise<{ exitCode: number }>;
  /** Is a shell open in it? */
  isOpen(): boolean;
  /** Tells the shell that is open what size its terminal has now. Throws `not-found`. */
  resize(size: TerminalSize): void;
}

/** Failed steps by their ids. */
export interface FailedSteps {
  /** Throws `not-found`. */
  get(id: string): FailedStep;
}

/** The build cache as `docker system df` and `docker builder prune` see it. */
export interface BuildCache {
  usage(): Promise<CacheUsage[]>;
  prune(options: CachePruneOptions): Promise<{ deleted: string[]; reclaimedBytes: number }>;
}

export interface CacheUsage {
  readonly id: string;
  readonly parents: readonly string[];
  /** A layer, the folder of a cache mount, or what is kept of a client's folder. */
  readonly type: 'regular' | 'exec.cachemount' | 'source.local';
  readonly description: string;
  readonly inUse: boolean;
  /** An image or another record keeps the same layer. */
  readonly shared: boolean;
  readonly sizeBytes: number;
  readonly createdAtMs: number;
  readonly lastUsedAtMs?: number;
  readonly uses: number;
}

export interface CachePruneOptions {
  /** Also what was used most recently or is not dangling; as `docker builder prune -a`. */
  readonly all: boolean;
  readonly keepBytes?: number;
  /** Only what was not used for so long. */
  readonly unusedForMs?: number;
  readonly ids?: readonly string[];
  readonly type?: string;
  readonly inUse?: boolean;
  readonly shared?: boolean;
  readonly description?: string;
}
