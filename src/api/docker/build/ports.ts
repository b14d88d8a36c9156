import type { BuildCache, Builder } from '../../../build/index.ts';

/** What the routes of builds need of the daemon. */
export interface BuildPorts {
  readonly builder: Pick<Builder, 'build'>;
  readonly cache: BuildCache;
}
