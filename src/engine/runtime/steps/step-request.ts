import type { ByteStream } from '../../../core/index.ts';
import type { StepTerminal } from './step-terminal.ts';

/**
 * A command to run in a filesystem, once, without a record: a build's RUN. Has the shape of the
 * builder's own port, which the daemon joins to this.
 */
export interface StepRequest {
  /** Safe in a path, unique among steps that run. */
  readonly id: string;
  readonly rootPath: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  /** `user[:group]`, by the root's own user database. */
  readonly user: string;
  readonly network: 'default' | 'none' | 'host';
  /** As a privileged container. */
  readonly insecure: boolean;
  readonly mounts: readonly StepMount[];
  /** `name:address` */
  readonly hosts: readonly string[];
  readonly hostname?: string;
  readonly shmSizeBytes?: number;
  readonly limits?: {
    readonly memoryBytes?: number;
    readonly memorySwapBytes?: number;
    readonly cpuShares?: number;
    readonly cpuPeriod?: number;
    readonly cpuQuota?: number;
    readonly cpusetCpus?: string;
    readonly cpusetMems?: string;
    readonly ulimits?: readonly { name: string; soft: number; hard: number }[];
  };
  readonly stdin?: ByteStream;
  /** Gives the command a terminal; all output comes as `stdout`. */
  readonly terminal?: StepTerminal;
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  /** Abort kills every process of the step at once. */
  readonly signal?: AbortSignal;
}

export interface StepMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly type: 'bind' | 'tmpfs';
  readonly sizeBytes?: number;
  readonly mode?: number;
}
