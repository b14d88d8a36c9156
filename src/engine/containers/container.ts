import type { Digest } from '../../core/index.ts';
import type { ContainerConfig, EndpointSettings, HostConfig } from './container-config.ts';

/** One container as it stands: an immutable value; the engine replaces it at each change. */
export interface Container {
  readonly id: string;
  /** Without the leading slash that Docker's API adds. */
  readonly name: string;
  readonly createdAtMs: number;
  readonly imageId: Digest;
  readonly config: Readonly<ContainerConfig>;
  readonly hostConfig: Readonly<HostConfig>;
  readonly mounts: readonly MountPoint[];
  /** By network name: what was asked for, and, while it runs, what was given. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** Published ports while it runs. */
  readonly ports: readonly PublishedPort[];
  /** The program and its arguments after Entrypoint and Cmd are joined. */
  readonly argv: readonly string[];
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly health?: Health;
  readonly logPath: string;
}

interface Started {
  readonly startedAtMs: number;
  readonly pid: number;
}

/** The life of a container. `transition.ts` holds which event leads where. */
export type ContainerState =
  /** `failure` after an attempt to start it. */
  | { readonly kind: 'created'; readonly failure?: Exit }
  | ({ readonly kind: 'running' } & Started)
  | ({ readonly kind: 'paused' } & Started)
  | { readonly kind: 'restarting'; readonly exit: Exit }
  | { readonly kind: 'exited'; readonly exit: Exit }
  | { readonly kind: 'removing'; readonly exit?: Exit }
  | { readonly kind: 'dead'; readonly exit?: Exit };

export interface Exit {
  /** 128 + signal for a killed process; 125, 126, 127 for a container that could not start. */
  readonly code: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly oomKilled: boolean;
  /** Why it could not start, in Docker's words. */
  readonly error?: string;
}

export interface Health {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  readonly log: readonly { startMs: number; endMs: number; exitCode: number; output: string }[];
}

/** A mount as `inspect` shows it. */
export interface MountPoint {
  readonly type: 'bind' | 'volume' | 'tmpfs';
  /** Of a volume. */
  readonly name?: string;
  readonly source: string;
  readonly destination: string;
  readonly driver?: string;
  readonly mode: string;
  readonly readWrite: boolean;
  readonly propagation: string;
}

export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly containerPort: number;
  readonly hostIp: string;
  readonly hostPort: number;
}
