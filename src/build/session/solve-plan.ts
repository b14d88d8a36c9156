import type { Digest } from '../../core/index.ts';
import type { Dockerfile } from '../../dockerfile/index.ts';
import type { StepFailureDetails } from '../builder.ts';
import { explainMiss } from '../cache/explain.ts';
import type { ForeignCache } from '../cache/transfer/foreign-cache.ts';
import { imageKey, type Plan } from '../plan/plan.ts';
import type { BuildScope, FileOrigin } from '../solve/build-scope.ts';
import { remoteAccess } from '../solve/client-secrets.ts';
import { type FileSource, viewSource } from '../solve/file-source.ts';
import { createLayerResolver } from '../solve/layer-resolver.ts';
import { createStageSolver, type SolvedStage, type StageSolver } from '../solve/stage-solver.ts';
import { isStepFailure } from '../solve/step-failure.ts';
import type { Views } from '../solve/views.ts';
import { type Contexts, emptySource } from './contexts.ts';
import type { BuilderState, ResolvedRecord, Session } from './session.ts';
import type { SessionFolders } from './session-folders.ts';

/** A plan and all that its steps are made with. */
export interface Solving {
  readonly session: Session;
  readonly plan: Plan;
  readonly contexts: Contexts;
  readonly folders: SessionFolders;
  readonly views: Views;
  readonly epochS: number | undefined;
  readonly file: Dockerfile;
  readonly foreign: ForeignCache | undefined;
  readonly resolved: ResolvedRecord[];
}

/** Builds all stages of a plan side by side; gives that of the target. */
export async function solvePlan(state: BuilderState, solving: Solving): Promise<SolvedStage> {
  const { session, plan, file } = solving;
  const { request, emit, controller, buildId } = session;
  const freshStages = new Set(request.noCacheStages?.map((name) => name.toLowerCase()));
  let solver: StageSolver;
  const scope = scopeOf(state, solving, (index) => solver.stage(index));
  const resolve = createLayerResolver({
    ...state.ports,
    ...state,
    buildId,
    startedAtMs: Date.now(),
    foreign: solving.foreign,
    hold: (chain) => void session.held.add(chain),
    onHosted(work) {
      session.hosted.add(work);
      const forget = () => void session.hosted.delete(work);
      work.then(forget, forget);
    },
    onResolved: (record, quick) => void solving.resolved.push({ record, quick }),
  });
  solver = createStageSolver({
    plan,
    file,
    scope,
    resolve,
    emit,
    signal: controller.signal,
    mayUseCache: ({ name }) => !request.noCache && !freshStages.has(name),
    site: `${request.tags[0]?.path ?? ''}|${file.fileName ?? ''}`,
    knownImages: state.knownImages,
    explain: request.explain
      ? (missed, mayUseCache) =>
          mayUseCache
            ? explainMiss(missed, state.ports.records)
            : ['the build may not use the cache for it']
      : undefined,
  });
  try {
    // All at once: those that stand on others wait for them by themselves.
    const stages = [...plan.stages.keys()].map((index) => solver.stage(index));
    await Promise.all(stages);
    return await solver.stage(plan.target.index);
  } catch (error) {
    controller.abort(error);
    // Nothing may still be running when the folders go.
    const stages = [...plan.stages.keys()].map((index) => solver.stage(index));
    const failures = (await Promise.allSettled(stages)).filter((end) => end.status === 'rejected');
    await dropKept(failures.map(({ reason }) => reason).filter((reason) => reason !== error));
    throw error;
  }
}

/** Of several steps that fail at once, only the first is kept for a look at it. */
async function dropKept(failures: readonly unknown[]): Promise<void> {
  for (const failure of new Set(failures)) {
    if (!isStepFailure(failure)) continue;
    await (failure.details as StepFailureDetails).kept?.[Symbol.asyncDispose]();
  }
}

function scopeOf(
  { ports, cacheMounts, archives }: BuilderState,
  { session, plan, contexts, folders, views, epochS }: Solving,
  stage: (index: number) => Promise<SolvedStage>,
): BuildScope {
  const viewOf = (chain: Digest | null, identity: string): FileSource =>
    viewSource({ ...ports, identity, rootPath: () => views.open(chain) });
  async function source(origin: FileOrigin): Promise<FileSource> {
    switch (origin.kind) {
      case 'main-context':
        return contexts.mainSource();
      case 'context':
        return contexts.namedSource(origin.name);
      case 'scratch':
        return emptySource(await folders.newFolder('scratch'));
      case 'stage': {
        const { top } = await stage(origin.index);
        return viewOf(top.chain, top.identity);
      }
      case 'image': {
        const { chain } = plan.images.get(imageKey(origin))!;
        return viewOf(chain, chain ?? 'scratch');
      }
    }
  }
  return {
    ports: { ...ports, cacheMounts, archives },
    request: session.request,
    epochS,
    newFolder: folders.newFolder,
    newSecretFolder: folders.newSecretFolder,
    access: remoteAccess(session.request, folders.newSecretFolder),
    source,
    hold: (chain) => void session.held.add(chain),
    view: views.open,
  };
}
