import type { Digest, Limit } from '../../core/index.ts';
import type { BuildEvent, BuildRequest } from '../builder.ts';
import type { BuilderOptions, BuilderPorts } from '../builder-ports.ts';
import type { CacheRecord } from '../cache/records.ts';
import type { Archives } from '../context/archive-kind.ts';
import type { KeptContexts } from '../context/kept/kept-contexts.ts';
import type { StoredImages } from '../export/stored-images.ts';
import type { Plan } from '../plan/plan.ts';
import type { Filesystems } from '../ports.ts';
import type { CacheMounts } from '../solve/cache-mounts.ts';
import type { StepNote } from '../solve/layer-step.ts';
import type { SharedWork } from '../solve/shared-work.ts';

import type { SolvedStage } from '../solve/stage-solver.ts';
import type { FailedStepsKeeper } from './failed-steps.ts';

/** What all builds of one builder share. */
export interface BuilderState {
  readonly ports: BuilderPorts;
  readonly options: BuilderOptions;
  readonly shared: SharedWork<StepNote, CacheRecord>;
  /** So many steps of all builds run at once. */
  readonly slots: Limit;
  readonly cacheMounts: CacheMounts;
  readonly archives: Archives;
  readonly images: StoredImages;
  /** What clients sent before. */
  readonly kept: KeptContexts;
  readonly knownImages: Set<Digest>;
  readonly failedSteps: FailedStepsKeeper;
  /** Takes over the wait for a removal that no build needs to wait for. */
  readonly sweep: (removal: Promise<void>) => void;
}

export interface Session {
  readonly buildId: string;
  readonly request: BuildRequest;
  readonly emit: (event: BuildEvent) => void;
  /** Aborts everything the build does. */
  readonly controller: AbortController;
  /** Folders and mounts of the build. */
  readonly resources: AsyncDisposableStack;
  /** Stacks that must not be deleted until the build's result was taken. */
  readonly held: Set<Digest>;
  /** Work under way that reads the build's files; its folders stay until then. */
  readonly hosted: Set<Promise<unknown>>;
}

/** A build whose target's layers are all there. */
export interface SolvedBuild {
  readonly plan: Plan;
  readonly target: SolvedStage;
  readonly epochS: number | undefined;
  /** The store's, with what can be fetched from imported caches. */
  readonly filesystems: Filesystems;
  /** The records of all its steps, with the cheap keys that mean them. */
  readonly resolved: readonly ResolvedRecord[];
}

export interface ResolvedRecord {
  readonly record: CacheRecord;
  readonly quick: Digest | undefined;
}
