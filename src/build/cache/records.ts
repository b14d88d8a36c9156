import type { Digest } from '../../core/index.ts';
import type { Surroundings } from '../ports.ts';
import type { Inputs } from './inputs.ts';

/** What a step's key led to. */
export interface CacheRecord {
  readonly key: Digest;
  /** The stack whose top layer the step made. */
  readonly chain: Digest;
  /** Names the content of the whole stack, times left out. */
  readonly identity: string;
  readonly sizeBytes: number;
  /** The instruction on one line. */
  readonly description: string;
  /** Where in which file it stood, for finding what a step was before it changed. */
  readonly site: string;
  /** The key of the step before it in the same stage. */
  readonly parentKey: Digest | undefined;
  readonly inputs: Inputs;
  readonly createdAtMs: number;
  readonly usedAtMs: number;
  readonly uses: number;
}

/** A layer of copied files: it is right for every stack that has the same surroundings. */
export interface KnownCopy {
  /** The record that leads to it. */
  readonly key: Digest;
  readonly surroundings: Surroundings;
}

/**
 * The build cache's memory. Reads see writes at once; writes reach the disk together, soon after
 * and at `flush`, since what a crash loses is only built again.
 */
export interface CacheRecords extends Disposable {
  get(key: Digest): CacheRecord | undefined;
  /** `details`: texts that inputs are digests of, kept for explanations as long as the record. */
  put(record: CacheRecord, details?: ReadonlyMap<Digest, string>): void;
  /** The record was used; times never go back. */
  touch(key: Digest, usedAtMs: number): void;
  delete(key: Digest): void;
  list(): CacheRecord[];
  /** Does any record lead to this stack? */
  names(chain: Digest): boolean;
  /** Records of the same place in the same file, newest first, at most `limit`. */
  atSite(site: string, limit: number): CacheRecord[];

  /** A cheap key that is known to mean `key`: it spares looking at content. */
  alias(quick: Digest, key: Digest): void;
  resolveAlias(quick: Digest): Digest | undefined;

  detail(digest: Digest): string | undefined;

  /** Remembers a layer by what was copied into it; one for each `content`, as long as its record. */
  putCopy(content: Digest, copy: KnownCopy): void;
  copyOf(content: Digest): KnownCopy | undefined;

  /** A small fact that outlives builds, such as the ETag of an address. */
  putNote(name: string, value: string): void;
  note(name: string): string | undefined;

  flush(): void;
  /** Dispose flushes; nothing is written afterwards. */
}
