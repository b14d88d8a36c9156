import type { ModeTable } from '../ports.ts';
import type { Origin } from './stages.ts';

/** What has to be done for one step; the words of the Dockerfile with all variables replaced. */
export type Action =
  | { readonly kind: 'from' }
  /** Changes the image's configuration and no file. */
  | { readonly kind: 'config' }
  | RunAction
  | CopyAction
  | DirectoryAction;

/** RUN. */
export interface RunAction {
  readonly kind: 'run';
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Proxy settings: the command gets them, the key does not. */
  readonly proxyEnv: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly network: 'default' | 'none' | 'host';
  readonly insecure: boolean;
  readonly mounts: readonly MountAction[];
  /** A here-document that is a program of its own, to be found under `/dev/pipes/`. */
  readonly script: { readonly name: string; readonly content: string } | undefined;
  /** Devices the step asks for and can do without; there are none. */
  readonly withoutDevices: readonly string[];
}

/** Variables as they stand at one step; steps in a row that change none share one value. */
export interface Environment {
  /** `KEY=value`, in the order in which they were set; made anew each time it is asked for. */
  readonly pairs: readonly string[];
}

export interface MountAction {
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
  /** bind and cache: where the files come from; undefined for an empty cache. */
  readonly origin: Origin | { readonly kind: 'main-context' } | undefined;
  /** Path in the origin, absolute. */
  readonly source: string;
  /** Absolute; '' for a secret that is only a variable. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Of a cache, secret or agent. */
  readonly id: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly required: boolean;
  readonly env: string | undefined;
  readonly sizeBytes: number | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** COPY and ADD. */
export interface CopyAction {
  readonly kind: 'copy';
  readonly name: 'COPY' | 'ADD';
  readonly sources: readonly CopySource[];
  /** Absolute; a slash at the end means a directory. */
  readonly destination: string;
  /** As in --chown: names or numbers. */
  readonly owner: string | undefined;
  readonly mode: number | ModeTable | undefined;
  readonly modeText: string | undefined;
  readonly link: boolean;
  readonly parents: boolean;
  readonly excludes: readonly string[];
}

export type CopySource =
  | {
      readonly kind: 'path';
      readonly origin: Origin | { readonly kind: 'main-context' };
      /** With wildcards, relative to the origin. */
      readonly path: string;
      /** Archives are unpacked. */
      readonly unpack: boolean;
    }
  | { readonly kind: 'inline'; readonly name: string; readonly content: string }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly checksum: string | undefined;
      readonly unpack: boolean;
    }
  | {
      readonly kind: 'git';
      readonly address: string;
      readonly checksum: string | undefined;
      readonly keepGitDir: boolean;
    };

/** WORKDIR: makes a directory unless it is there. */
export interface DirectoryAction {
  readonly kind: 'directory';
  readonly path: string;
  /** The image's user, whose it becomes. */
  readonly user: string;
}
