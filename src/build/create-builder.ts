import { setMaxListeners } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { canceled, type Digest, errorMessage, randomId } from '../core/index.ts';
import type {
  BuildCache,
  BuildEvent,
  Builder,
  BuildRequest,
  BuildResult,
  FailedStep,
  StepFailureDetails,
} from './builder.ts';
import type { BuilderOptions, BuilderPorts } from './builder-ports.ts';
import { createBuildCache } from './cache/build-cache.ts';
import { createArchives } from './context/archive-kind.ts';
import { exportCaches } from './export/export-caches.ts';
import { checkOutputs, makeOutputs } from './export/outputs.ts';
import { finishImage, keepsImage, storeImage } from './export/write-image.ts';
import { lineUsage } from './report/line-usage.ts';
import {
  type BuilderState,
  runBuild,
  type Session,
  type SolvedBuild,
} from './session/run-build.ts';
import { createCacheMounts } from './solve/cache-mounts.ts';
import { createSharedWork } from './solve/shared-work.ts';
import { createSlots } from './solve/slots.ts';

/** A builder with its cache. Dispose stops all builds and waits for their end. */
export interface BerthBuilder extends Builder, AsyncDisposable {
  readonly cache: BuildCache;
  /** Stacks that the cache or a running build needs: they must not be collected as garbage. */
  heldChains(): ReadonlySet<Digest>;
  /** Waits for what goes on after builds have ended: clearing up, trimming the cache. */
  settled(): Promise<void>;
  /** Is the stack one of them? */
  holds(chain: Digest): boolean;
}

/** Makes a builder; what a crash left in its folders is removed first. */
export async function createBuilder(
  ports: BuilderPorts,
  options: BuilderOptions,
): Promise<BerthBuilder> {
  for (const folder of [join(options.root, 'work'), options.secretRoot]) {
    await ports.trees.remove(folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  const { onSweepError = warnOfSweep } = options;
  const sweeping = new Set<Promise<void>>();
  const sweep = (removal: Promise<void>): void => {
    const swept: Promise<void> = removal.catch(onSweepError).finally(() => sweeping.delete(swept));
    sweeping.add(swept);
  };
  const state: BuilderState = {
    ports,
    options,
    shared: createSharedWork({ keptNotes: 10_000 }),
    slots: createSlots(options.parallelSteps ?? Math.max(2, availableParallelism())),
    cacheMounts: createCacheMounts(join(options.root, 'cache-mounts')),
    archives: createArchives(ports.decompressors),
    knownImages: new Set(),
    sweep,
  };

  const running = new Map<Session, Promise<unknown>>();
  /** Sessions whose result is still to be taken are held, too. */
  const sessions = new Set<Session>();

  async function build(
    request: BuildRequest,
    { onEvent, signal }: { onEvent: (event: BuildEvent) => void; signal?: AbortSignal },
  ): Promise<BuildResult> {
    const controller = new AbortController();
    // Each stage that waits for something listens.
    setMaxListeners(0, controller.signal);
    const abort = () => controller.abort(canceled('build: canceled', { cause: signal?.reason }));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const session: Session = {
      buildId: randomId(),
      request,
      emit: onEvent,
      controller,
      resources: new AsyncDisposableStack(),
      held: new Set(),
      hosted: new Set(),
    };
    sessions.add(session);
    const work = buildInSession(state, session).finally(() => {
      signal?.removeEventListener('abort', abort);
      running.delete(session);
      trim();
    });
    running.set(session, work);
    try {
      const result = await work;
      if (result.archives.length === 0) sessions.delete(session);
      return { ...result, [Symbol.asyncDispose]: async () => void sessions.delete(session) };
    } catch (error) {
      sessions.delete(session);
      throw error;
    }
  }

  function held(): Set<Digest> {
    const chains = new Set<Digest>();
    for (const session of sessions) for (const chain of session.held) chains.add(chain);
    return chains;
  }
  const cache = createBuildCache({ ...ports, ...state, held, now: Date.now });
  let trimming: Promise<unknown> = Promise.resolve();

  /** Brings the cache under its bound after a build, without letting the build wait. */
  function trim(): void {
    const keepBytes = options.cacheLimitBytes;
    if (keepBytes === undefined) return;
    trimming = trimming.then(() => cache.prune({ all: false, keepBytes })).catch(onSweepError);
  }

  async function settled(): Promise<void> {
    await trimming;
    await Promise.all(sweeping);
  }

  return {
    build,
    cache,
    settled,
    holds: (chain) => ports.records.names(chain) || held().has(chain),
    heldChains: () => new Set([...held(), ...ports.records.list().map(({ chain }) => chain)]),
    async [Symbol.asyncDispose]() {
      for (const { controller } of running.keys()) {
        controller.abort(canceled('build: the daemon is shutting down'));
      }
      await Promise.allSettled(running.values());
      await settled();
      ports.records[Symbol.dispose]();
    },
  };
}

function warnOfSweep(error: unknown): void {
  process.emitWarning(`clear up after a build: ${errorMessage(error)}`);
}

type Finished = Omit<BuildResult, typeof Symbol.asyncDispose>;

async function buildInSession(state: BuilderState, session: Session): Promise<Finished> {
  const { request, resources, controller } = session;
  try {
    controller.signal.throwIfAborted();
    checkOutputs(request);
    const solved = await runBuild(state, session);
    const result = solved ? await finish(state, session, solved) : nothingBuilt;
    await resources.disposeAsync();
    return result;
  } catch (error) {
    const kept = keptStep(error);
    if (kept) handOver(kept, resources);
    else if (session.hosted.size === 0) await resources.disposeAsync();
    else state.sweep(disposeAfter(session.hosted, resources));
    // An abort shows as many errors; the one to tell is that it was aborted.
    if (controller.signal.aborted && !isFailure(error)) throw controller.signal.reason;
    throw error;
  }
}

/** Another build still wants what this one began: its files go when that is done. */
async function disposeAfter(
  hosted: ReadonlySet<Promise<unknown>>,
  resources: AsyncDisposableStack,
): Promise<void> {
  await Promise.allSettled(hosted);
  await resources.disposeAsync();
}

/** The result where only the checks were asked for. */
const nothingBuilt: Finished = { imageId: '' as Digest, archives: [] };

function isFailure(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'STEP_FAILED';
}

async function finish(
  { ports }: BuilderState,
  session: Session,
  solved: SolvedBuild,
): Promise<Finished> {
  const { request, emit, controller } = session;
  const image = await finishImage(solved, request);
  const { imageId } = image;
  const task = 'exporting to image';
  emit({ kind: 'task-started', task, atMs: Date.now() });
  if (keepsImage(request)) await storeImage(image, request, ports.images);
  solved.target.finish(imageId);
  const outputs = await makeOutputs(
    { imageId, solved },
    { request, emit, exports: ports.exports, signal: controller.signal },
  );
  emit({ kind: 'task-done', task, atMs: Date.now(), detail: imageId });
  await exportCaches(solved, session, ports);
  if (request.explain) emit({ kind: 'line-usage', lines: await usageOfLines(ports, solved) });
  return { imageId, ...outputs };
}

function usageOfLines({ layers }: BuilderPorts, { plan, target }: SolvedBuild) {
  return lineUsage(
    [...target.layers]
      .sort(([a], [b]) => a - b)
      .map(([number, { chain }]) => {
        const { line, text } = plan.steps[number - 1]!;
        return { step: number, line, text, entries: layers.entries(chain) };
      }),
  );
}

function keptStep(error: unknown): FailedStep | undefined {
  if (!isFailure(error)) return undefined;
  return ((error as { details?: unknown }).details as StepFailureDetails).kept;
}

/** The kept step's mounts stand in the build's folders: both go together. */
function handOver(kept: FailedStep, resources: AsyncDisposableStack): void {
  const drop = kept[Symbol.asyncDispose].bind(kept);
  Object.assign(kept, {
    async [Symbol.asyncDispose]() {
      await drop();
      await resources.disposeAsync();
    },
  });
}
