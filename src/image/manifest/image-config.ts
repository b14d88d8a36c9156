import type { Digest } from '../../core/index.ts';

/** An image's configuration blob (image-spec, config.md, with Docker's additions). */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly config?: ContainerDefaults;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[];
}

/** What an image says of how to run it, in the spec's own spelling. */
export interface ContainerDefaults {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: Readonly<Record<string, Record<string, never>>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: Healthcheck;
  readonly OnBuild?: readonly string[] | null;
  readonly Shell?: readonly string[];
  /** True when Cmd stems from the shell form: a Windows matter, kept because it is hashed. */
  readonly ArgsEscaped?: boolean;
}

/** Durations are in nanoseconds, as in Docker's API; Test is `NONE`, `CMD …` or `CMD-SHELL …`. */
export interface Healthcheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface HistoryEntry {
  readonly created?: string;
  readonly author?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}
