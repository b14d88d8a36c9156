import type { Digest } from '../../core/index.ts';
import type { BuildRequest } from '../builder.ts';
import type { CacheRecords } from '../cache/records.ts';
import type { Archives } from '../context/archive-kind.ts';
import type { MountAction } from '../plan/actions.ts';
import type { Origin } from '../plan/stages.ts';
import type {
  Chain,
  Fetcher,
  Filesystems,
  RemoteAccess,
  RootFiles,
  Runner,
  Trees,
} from '../ports.ts';
import type { CacheMounts } from './cache-mounts.ts';
import type { FileSource } from './file-source.ts';

/** The ports that steps are run with. */
export interface StepPorts {
  readonly filesystems: Filesystems;
  readonly trees: Trees;
  readonly rootFiles: RootFiles;
  readonly runner: Runner;
  readonly fetcher: Fetcher;
  readonly records: CacheRecords;
  readonly cacheMounts: CacheMounts;
  readonly archives: Archives;
}

/** Where files come from, the context of the build itself included. */
export type FileOrigin = Origin | NonNullable<MountAction['origin']>;

/** What all steps of one build have in common. */
export interface BuildScope {
  readonly ports: StepPorts;
  readonly request: BuildRequest;
  /** SOURCE_DATE_EPOCH. */
  readonly epochS: number | undefined;
  /** A folder of this build alone that does not yet exist; all of them go when the build ends. */
  newFolder(purpose: string): Promise<string>;
  /** A file-like place on a tmpfs, for secrets, on the same terms. */
  newSecretFolder(): Promise<string>;
  /** What the client lends for what its steps fetch. */
  readonly access: RemoteAccess;
  /** Files of a context, a stage (once it is built) or an image. */
  source(origin: FileOrigin): Promise<FileSource>;
  /** The build needs the stack from now on: it must not be deleted under it. */
  hold(chain: Digest): void;
  /** A stack mounted read-only until the build ends. */
  view(chain: Chain): Promise<string>;
}

/** What stands below a step. */
export interface Parent {
  readonly chain: Chain;
  /** Names the stack's content, times left out: equal for what was built again to the same. */
  readonly identity: string;
  readonly key: Digest | undefined;
}
