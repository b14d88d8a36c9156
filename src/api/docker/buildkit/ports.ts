import type { BuildCache, Builder } from '../../../build/index.ts';
import type { Platform } from '../../../image/index.ts';

/** What BuildKit's clients need of the daemon. */
export interface BuildkitPorts {
  readonly builder: Pick<Builder, 'build'>;
  readonly cache: BuildCache;
  /** What programs of steps may be made for. */
  readonly platform: Platform;
  readonly hostname: string;
  /** Berth's own version. */
  readonly version: string;
}
