import { existsSync, readdirSync, renameSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Digest, limit, randomId } from '../core/index.ts';
import type { BuildCache, Builder, FailedSteps } from './builder.ts';
import type { BuilderOptions, BuilderPorts } from './builder-ports.ts';
import { createBuildCache } from './cache/build-cache.ts';
import { createArchives } from './context/archive-kind.ts';
import { createKeptContexts } from './context/kept/kept-contexts.ts';
import { createStoredImages } from './export/stored-images.ts';
import { createFailedSteps } from './session/failed-steps.ts';
import type { BuilderState } from './session/session.ts';
import { createSessions } from './session/sessions.ts';
import { createSweeper } from './session/sweeper.ts';
import { createCacheMounts } from './solve/cache-mounts.ts';
import { noteBytes } from './solve/layer-step.ts';
import { createSharedWork } from './solve/shared-work.ts';
import { isStepFailure } from './solve/step-failure.ts';

/** A builder with its cache. Dispose stops all builds and waits for their end. */
export interface BerthBuilder extends Builder, AsyncDisposable {
  readonly cache: BuildCache;
  /** Steps that failed and were to be kept (BuildRequest.keepFailedStep). */
  readonly failedSteps: FailedSteps;
  /** Stacks that the cache or a running build needs: they must not be collected as garbage. */
  heldChains(): ReadonlySet<Digest>;
  /** Is the stack one of them? */
  holds(chain: Digest): boolean;
  /** Waits for what goes on after builds have ended: clearing up, trimming the cache. */
  settled(): Promise<void>;
}

const defaultTrimPauseMs = 60_000;

/** Folders of builds that a crash ended: a context of many files takes longer to go than a start may. */
function setAsideWork(root: string): string[] {
  const work = join(root, 'work');
  if (existsSync(work)) renameSync(work, join(root, `work.gone-${randomId().slice(0, 16)}`));
  const gone = readdirSync(root).filter((name) => name.startsWith('work.gone-'));
  return gone.map((name) => join(root, name));
}

/** Makes a builder; what a crash left in its folders is taken out of the way first. */
export async function createBuilder(
  ports: BuilderPorts,
  options: BuilderOptions,
): Promise<BerthBuilder> {
  const { records, trees } = ports;
  const sweeper = createSweeper(options.onSweepError);
  await trees.remove(options.secretRoot);
  await mkdir(options.root, { recursive: true, mode: 0o700 });
  for (const folder of setAsideWork(options.root)) sweeper.sweep(trees.remove(folder));
  for (const folder of [join(options.root, 'work'), options.secretRoot]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const failedSteps = createFailedSteps(sweeper.sweep);
  const state: BuilderState = {
    ports,
    options,
    shared: createSharedWork({ sizeOf: noteBytes, isFinal: isStepFailure }),
    slots: limit(options.parallelSteps ?? Math.max(16, 4 * availableParallelism())),
    cacheMounts: createCacheMounts({
      ...{ trees: ports.trees, root: join(options.root, 'cache-mounts') },
      sweep: sweeper.sweep,
    }),
    archives: createArchives(ports.decompressors),
    images: createStoredImages(ports.images),
    kept: createKeptContexts({
      ...{ trees: ports.trees, root: join(options.root, 'contexts'), now: Date.now },
      sweep: sweeper.sweep,
    }),
    knownImages: new Set(),
    failedSteps,
    sweep: sweeper.sweep,
  };
  const sessions = createSessions(state, trimSoon);
  const { held } = sessions;
  const cache = createBuildCache({ ...ports, ...state, held, now: Date.now });
  let trimming: Promise<void> = Promise.resolve();
  let trimmedAtMs = Number.NEGATIVE_INFINITY;
  let nextTrim: NodeJS.Timeout | undefined;

  /** Brings the cache under its bound after builds, without letting one wait. */
  function trimSoon(): void {
    if (options.cacheLimitBytes === undefined || nextTrim) return;
    const waitMs = trimmedAtMs + (options.trimPauseMs ?? defaultTrimPauseMs) - Date.now();
    if (waitMs <= 0) trim(options.cacheLimitBytes);
    else nextTrim = setTimeout(trim, waitMs, options.cacheLimitBytes).unref();
  }

  function trim(keepBytes: number): void {
    nextTrim = undefined;
    trimmedAtMs = Date.now();
    const trimmed = trimming.then(async () => void (await cache.prune({ all: false, keepBytes })));
    sweeper.sweep(trimmed);
    // One that failed does not keep the next from being tried.
    trimming = trimmed.catch(() => {});
  }

  return {
    build: sessions.build,
    cache,
    failedSteps,
    settled: sweeper.settled,
    holds: (chain) => records.names(chain) || held().has(chain),
    heldChains: () => new Set([...held(), ...records.list().map(({ chain }) => chain)]),
    async [Symbol.asyncDispose]() {
      await sessions.stop();
      clearTimeout(nextTrim);
      await failedSteps[Symbol.asyncDispose]();
      await sweeper.settled();
      records[Symbol.dispose]();
    },
  };
}
