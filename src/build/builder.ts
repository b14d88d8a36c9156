import type { ByteStream, Digest, Reference } from '../core/index.ts';
import type { Platform } from '../image/index.ts';

/** Builds images. One `build` call is one build; several run at once and share equal steps. */
export interface Builder {
  /** Throws `invalid` for a bad Dockerfile (details: file, line, column), `canceled` on abort. */
  build(
    request: BuildRequest,
    options: { onEvent: (event: BuildEvent) => void; signal?: AbortSignal },
  ): Promise<BuildResult>;
}

export interface BuildRequest {
  /** The context: a tar stream, a folder of this machine, or a git/http address. */
  context: { kind: 'tar'; stream: ByteStream } | { kind: 'remote'; url: string } | { kind: 'none' };
  /** Path in the context, or the text itself. */
  dockerfile: { path: string } | { text: string; fileName?: string };
  tags: readonly Reference[];
  buildArgs: Readonly<Record<string, string | undefined>>;
  target?: string;
  labels: Readonly<Record<string, string>>;
  noCache: boolean;
  pull: boolean;
  platform?: Platform;
  networkMode?: string;
  /** Bytes, CPU shares and the like for RUN steps, as Docker's build endpoint takes them. */
  limits?: {
    memoryBytes?: number;
    memorySwapBytes?: number;
    cpuShares?: number;
    cpuPeriod?: number;
    cpuQuota?: number;
    cpusetCpus?: string;
  };
  shmSizeBytes?: number;
  extraHosts?: readonly string[];
  /** Credentials by registry host for base images. */
  auth?: Readonly<Record<string, { username: string; password: string }>>;
}

export interface BuildResult {
  readonly imageId: Digest;
}

/** What a build tells while it runs; steps are numbered from 1 over the whole target. */
export type BuildEvent =
  | { kind: 'plan'; steps: readonly BuildStep[] }
  | { kind: 'step-started'; step: number; atMs: number }
  | { kind: 'step-output'; step: number; stream: 'stdout' | 'stderr'; bytes: Uint8Array }
  | {
      kind: 'step-progress';
      step: number;
      id: string;
      action: string;
      current: number;
      total: number;
    }
  | { kind: 'step-cached'; step: number; atMs: number; reason?: string }
  | { kind: 'step-done'; step: number; atMs: number; sizeBytes: number; imageId?: Digest }
  | { kind: 'step-failed'; step: number; atMs: number; message: string; exitCode?: number }
  | { kind: 'warning'; code: string; message: string; line?: number; detail?: string };

export interface BuildStep {
  readonly number: number;
  readonly stage: string;
  readonly stageIndex: number;
  /** As written, on one line: what follows "Step n/m : ". */
  readonly text: string;
  /** First and last line in the Dockerfile; 0 for steps that have none. */
  readonly line: number;
  readonly endLine: number;
}
