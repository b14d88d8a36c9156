import type { Platform } from '../../core/index.ts';

/** What a base image at hand says about itself; what is not known is left out. */
export interface LintBaseImage {
  /** `USER` of its configuration; empty is root. */
  readonly user?: string;
  /** `WORKDIR` of its configuration; empty is none. */
  readonly workdir?: string;
  /** `SHELL` of its configuration. */
  readonly shell?: readonly string[];
  /** What its `ENV` sets. */
  readonly environment?: ReadonlyMap<string, string>;
  /** What machine it is for. */
  readonly platform?: Platform;
  /** Its `ONBUILD`s. */
  readonly triggers?: readonly string[];
  /** What its `os-release` calls its distribution. */
  readonly distribution?: string;
  /** The package managers found in it, such as `apk`. */
  readonly packageManagers?: readonly string[];
  /** Whether there is a program `/bin/sh`. */
  readonly hasShell?: boolean;
  /** All shells found in it, such as `sh` and `ash`. */
  readonly shells?: readonly string[];
}

/** By the image's name as FROM has it, once variables are replaced. */
export type BaseImages = ReadonlyMap<string, LintBaseImage>;
