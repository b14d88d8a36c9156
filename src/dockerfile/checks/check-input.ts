import type { Platform } from '../../core/index.ts';
import type { BuildArgs } from '../global-scope.ts';
import type { IgnoreMatcher } from '../ignore/ignore-matcher.ts';

/** What the checks may know beyond the Dockerfile; without any of it they know less, not wrong. */
export interface CheckInput {
  readonly buildArgs?: BuildArgs;
  readonly buildPlatform?: Platform;
  readonly targetPlatform?: Platform;
  readonly target?: string;
  /** In place of the file's `# check=`. */
  readonly options?: string;
  /** The context's `.dockerignore`. */
  readonly ignore?: IgnoreMatcher;
  /** Base images at hand, by their names with variables replaced and the platform they are for. */
  readonly baseImages?: { get(name: string, platform: Platform): BaseImageFacts | undefined };
  /** Indexes of the stages whose instructions are checked, all they stand on among them; all when absent. */
  readonly stages?: ReadonlySet<number>;
}

const linux: Platform = { os: 'linux', architecture: 'amd64' };

/** The platform a stage is for that names none. */
export function targetPlatformOf({ buildPlatform = linux, targetPlatform }: CheckInput): Platform {
  return targetPlatform ?? buildPlatform;
}

/** What the checks can use of a base image's configuration. */
export interface BaseImageFacts {
  readonly environment: Iterable<readonly [name: string, value: string]>;
  readonly hasShell: boolean;
  readonly platform?: Platform;
  /** Its ONBUILD triggers. */
  readonly triggers: readonly string[];
}
