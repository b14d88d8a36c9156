import { setImmediate } from 'node:timers/promises';
import { type Digest, digestOf, errorKind } from '../../core/index.ts';
import type { Dockerfile } from '../../dockerfile/index.ts';
import type { BuildEvent, BuildStep, StepFailureDetails } from '../builder.ts';
import type { Missed } from '../cache/explain.ts';
import type { Action } from '../plan/actions.ts';
import { imageKey, type Plan, type PlannedStage, type PlannedStep } from '../plan/plan.ts';
import type { BuildScope, Parent } from './build-scope.ts';
import { copyStep } from './copy-step.ts';
import { directoryStep } from './directory-step.ts';
import type { LayerResolver } from './layer-resolver.ts';
import type { LayerStep, StepNote } from './layer-step.ts';
import { runStep } from './run-step.ts';
import { isStepFailure, stepFailure } from './step-failure.ts';

export interface StageSolverOptions {
  readonly plan: Plan;
  readonly file: Dockerfile;
  readonly scope: BuildScope;
  readonly resolve: LayerResolver;
  readonly emit: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
  readonly mayUseCache: (stage: PlannedStage) => boolean;
  /** The file's place in the memory of the cache. */
  readonly site: string;
  /** Image names derived from content that were made before: their steps count as cached. */
  readonly knownImages: Set<Digest>;
  /** Says why a step missed the cache. */
  readonly explain?: (missed: Missed, mayUseCache: boolean) => readonly string[];
}

/** Steps that change only the configuration, or few files, wait for nothing by themselves. */
const turnMs = 10;

/** A stage that is built. */
export interface SolvedStage {
  readonly top: Parent;
  /** When each step's layer was made, and its stack. */
  readonly layers: ReadonlyMap<number, SolvedLayer>;
  /** Name of the image as it is after the last step. */
  readonly imageId: Digest;
  /** Tells that the last step is done, for the target under the name its image got. */
  finish(imageId?: Digest): void;
}

export interface SolvedLayer {
  readonly chain: Digest;
  readonly sizeBytes: number;
  readonly createdAtMs: number;
}

/** Builds stages, each once and side by side, as they are asked for. */
export interface StageSolver {
  stage(index: number): Promise<SolvedStage>;
}

export function createStageSolver(options: StageSolverOptions): StageSolver {
  const solved = new Map<number, Promise<SolvedStage>>();
  const solver: StageSolver = {
    stage(index) {
      let stage = solved.get(index);
      if (!stage) {
        stage = solveStage(options, solver, options.plan.stages.get(index)!);
        // Those who need it look at how it ends; a stage nobody waits for yet must not crash.
        stage.catch(() => {});
        solved.set(index, stage);
      }
      return stage;
    },
  };
  return solver;
}

/** Where the walk through a stage's steps stands. */
interface Walk {
  top: Parent;
  imageId: Digest;
  /** The last step came from the cache, and when that was made. */
  cached: boolean;
  hitOfMs?: number;
  readonly layers: Map<number, SolvedLayer>;
}

async function solveStage(
  options: StageSolverOptions,
  solver: StageSolver,
  stage: PlannedStage,
): Promise<SolvedStage> {
  let walk: Walk | undefined;
  let finish: SolvedStage['finish'] = () => {};
  let untilMs = performance.now() + turnMs;
  for (const planned of stage.steps) {
    if (performance.now() >= untilMs) {
      await setImmediate();
      untilMs = performance.now() + turnMs;
    }
    finish();
    const { step } = planned;
    let hasStarted = false;
    try {
      // What a step waits for is no part of the time it takes.
      for (const below of stagesBelow(stage, planned)) await solver.stage(below);
      options.emit({ kind: 'step-started', step: step.number, atMs: Date.now() });
      hasStarted = true;
      options.signal.throwIfAborted();
      if (!walk) walk = await startWalk(options, solver, { stage, planned });
      else await takeStep(options, walk, { stage, planned });
    } catch (error) {
      throw failed(options, { step, hasStarted }, error);
    }
    finish = finisher(options, walk, step);
  }
  const { top, imageId, layers } = walk!;
  if (stage !== options.plan.target) finish();
  return { top, imageId, layers, finish };
}

/** Stages that a step stands on or takes files from. */
function stagesBelow({ base }: PlannedStage, { action }: PlannedStep): number[] {
  return originsOf(action, base).flatMap((origin) =>
    origin?.kind === 'stage' ? [origin.index] : [],
  );
}

function originsOf(action: Action, base: PlannedStage['base']) {
  switch (action.kind) {
    case 'from':
      return [base];
    case 'run':
      return action.mounts.map(({ origin }) => origin);
    case 'copy':
      return action.sources.map((source) => (source.kind === 'path' ? source.origin : undefined));
    default:
      return [];
  }
}

function finisher(options: StageSolverOptions, walk: Walk, step: BuildStep) {
  const { cached, imageId: derived, hitOfMs } = walk;
  const reason =
    options.explain && hitOfMs !== undefined
      ? { reason: `nothing it depends on has changed since ${new Date(hitOfMs).toISOString()}` }
      : {};
  const sizeBytes = walk.layers.get(step.number)?.sizeBytes ?? 0;
  return (imageId: Digest = derived): void => {
    const { emit } = options;
    const end = { step: step.number, atMs: Date.now(), imageId };
    emit(
      cached
        ? { kind: 'step-cached', ...end, ...reason }
        : { kind: 'step-done', ...end, sizeBytes },
    );
  };
}

function failed(
  { emit, signal, file }: StageSolverOptions,
  { step, hasStarted }: { step: BuildStep; hasStarted: boolean },
  error: unknown,
): unknown {
  const { number } = step;
  const atMs = Date.now();
  if (signal.aborted || errorKind(error) === 'canceled' || isOfOtherStep(error)) {
    if (hasStarted) emit({ kind: 'step-canceled', step: number, atMs });
    return error;
  }
  const failure = stepFailure(step, file, error);
  const { exitCode } = failure.details as { exitCode?: number };
  emit({ kind: 'step-failed', step: number, atMs, message: failure.message, exitCode });
  return failure;
}

/** The failure of a stage this one waited for has its place already. */
function isOfOtherStep(error: unknown): boolean {
  if (!isStepFailure(error)) return false;
  return (error.details as Partial<StepFailureDetails>).step !== undefined;
}

async function startWalk(
  options: StageSolverOptions,
  solver: StageSolver,
  { stage, planned }: { stage: PlannedStage; planned: PlannedStep },
): Promise<Walk> {
  const { base } = stage;
  const layers = new Map<number, SolvedLayer>();
  const plain = (top: Parent, imageId: Digest): Walk => ({ top, imageId, cached: false, layers });
  if (base.kind === 'stage') {
    const below = await solver.stage(base.index);
    for (const [step, layer] of below.layers) layers.set(step, layer);
    return plain(below.top, below.imageId);
  }
  if (base.kind === 'image') {
    const { chain, id } = options.plan.images.get(imageKey(base))!;
    return plain({ chain, identity: chain ?? 'scratch', key: undefined }, id);
  }
  const empty = plain(
    { chain: null, identity: 'scratch', key: undefined },
    digestOf('FROM scratch'),
  );
  if (base.kind === 'context') {
    await layerStep(options, empty, { stage, planned });
  }
  return empty;
}

async function takeStep(
  options: StageSolverOptions,
  walk: Walk,
  { stage, planned }: { stage: PlannedStage; planned: PlannedStep },
): Promise<void> {
  const { action, step } = planned;
  if (action.kind !== 'config') {
    await layerStep(options, walk, { stage, planned });
    return;
  }
  walk.imageId = digestOf(`${walk.imageId}\n${step.text}`);
  walk.hitOfMs = undefined;
  walk.cached = options.mayUseCache(stage) && options.knownImages.has(walk.imageId);
  remember(options.knownImages, walk.imageId);
}

async function layerStep(
  options: StageSolverOptions,
  walk: Walk,
  { stage, planned }: { stage: PlannedStage; planned: PlannedStep },
): Promise<void> {
  const { emit, scope, signal } = options;
  const { step } = planned;
  const parent = walk.top;
  const site = `${options.site}|${stage.name}`;
  const description = step.text;
  const mayUseCache = options.mayUseCache(stage);
  const { record, cached } = await options.resolve({
    step: await layerStepOf(scope, parent, planned, stage),
    parent,
    description,
    site,
    mayUseCache,
    alone: scope.request.keepFailedStep ?? false,
    signal,
    onNote: (note) => emit(eventOf(step.number, note)),
    onMiss(looked, key) {
      if (!options.explain) return;
      const { inputs, details } = looked;
      const missed = { key, inputs, details, site, description, parentKey: parent.key };
      const reasons = options.explain(missed, mayUseCache);
      emit({ kind: 'step-missed', step: step.number, reasons });
    },
  });
  walk.top = { chain: record.chain, identity: record.identity, key: record.key };
  walk.cached = cached;
  walk.imageId = digestOf(`${walk.imageId}\n${step.text}\n${record.chain}`);
  walk.layers.set(step.number, record);
  walk.hitOfMs = cached ? record.createdAtMs : undefined;
  remember(options.knownImages, walk.imageId);
}

/** So many steps' names are remembered; beyond that they are only told as built anew once more. */
const mostKnownImages = 50_000;

function remember(known: Set<Digest>, imageId: Digest): void {
  if (known.size >= mostKnownImages) known.clear();
  known.add(imageId);
}

function layerStepOf(
  scope: BuildScope,
  parent: Parent,
  { action }: PlannedStep,
  { base }: PlannedStage,
): LayerStep | Promise<LayerStep> {
  switch (action.kind) {
    case 'run':
      return runStep(scope, parent, action);
    case 'copy':
      return copyStep(scope, parent, action);
    case 'directory':
      return directoryStep(scope, parent, action);
    default:
      // FROM a context: its files are the stage's first layer.
      return copyStep(scope, parent, {
        kind: 'copy',
        name: 'COPY',
        sources: [{ kind: 'path', origin: base, path: '/', unpack: false }],
        destination: '/',
        owner: undefined,
        mode: undefined,
        modeText: undefined,
        link: false,
        parents: false,
        excludes: [],
      });
  }
}

function eventOf(step: number, note: StepNote): BuildEvent {
  switch (note.kind) {
    case 'running':
      return { kind: 'step-running', step, containerId: note.containerId };
    case 'output':
      return { kind: 'step-output', step, stream: note.stream, bytes: note.bytes };
    case 'progress':
      return { ...note, kind: 'step-progress', step, action: 'transferring' };
  }
}
