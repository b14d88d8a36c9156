import type { BuildCache, Builder } from '../../../build/index.ts';
import type { Platform, Reference } from '../../../core/index.ts';
import type { BuildRecords } from './history/build-record.ts';

/** What BuildKit's clients need of the daemon. */
export interface BuildkitPorts {
  readonly builder: Pick<Builder, 'build'>;
  readonly cache: BuildCache;
  /** The history of builds. */
  readonly records: BuildRecords;
  /** Takes an image's name away, and with `isOnlyName` the image, if it has no other. */
  readonly dropName: (reference: Reference, isOnlyName: boolean) => Promise<void>;
  /** What programs of steps may be made for. */
  readonly platform: Platform;
  readonly hostname: string;
  /** Berth's own version. */
  readonly version: string;
}
