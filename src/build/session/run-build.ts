import { type Digest, formatReference, invalid, unsupported } from '../../core/index.ts';
import {
  checkDockerfile,
  type Dockerfile,
  formatPlatform,
  parseDockerfile,
} from '../../dockerfile/index.ts';
import type { BuildEvent, BuildRequest } from '../builder.ts';
import type { BuilderOptions, BuilderPorts } from '../builder-ports.ts';
import { explainMiss } from '../cache/explain.ts';
import type { CacheRecord } from '../cache/records.ts';
import type { ForeignCache } from '../cache/transfer/foreign-cache.ts';
import type { Archives } from '../context/archive-kind.ts';
import { defaultContextLimits, readDockerfile } from '../context/load-context.ts';
import { imageKey, type Plan, type PlanOptions } from '../plan/plan.ts';
import type { NamedContexts } from '../plan/stages.ts';
import { unusedBuildArgs } from '../plan/unused-args.ts';
import type { Filesystems } from '../ports.ts';
import type { BuildScope, FileOrigin } from '../solve/build-scope.ts';
import type { CacheMounts } from '../solve/cache-mounts.ts';
import { type FileSource, viewSource } from '../solve/file-source.ts';
import { createLayerResolver } from '../solve/layer-resolver.ts';
import type { StepNote } from '../solve/layer-step.ts';
import type { SharedWork } from '../solve/shared-work.ts';
import type { Slots } from '../solve/slots.ts';
import { createStageSolver, type SolvedStage, type StageSolver } from '../solve/stage-solver.ts';
import { createViews, type Views } from '../solve/views.ts';
import { type Contexts, createContexts, emptySource } from './contexts.ts';
import { planWithImages } from './find-images.ts';
import { openForeignCache } from './open-foreign-cache.ts';
import { createSessionFolders, type SessionFolders } from './session-folders.ts';

/** What all builds of one builder share. */
export interface BuilderState {
  readonly ports: BuilderPorts;
  readonly options: BuilderOptions;
  readonly shared: SharedWork<StepNote, CacheRecord>;
  readonly slots: Slots;
  readonly cacheMounts: CacheMounts;
  readonly archives: Archives;
  readonly knownImages: Set<Digest>;
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

/** Builds the target's layers. Undefined when only the checks were asked for. */
export async function runBuild(
  state: BuilderState,
  session: Session,
): Promise<SolvedBuild | undefined> {
  const { request, resources, controller, emit, buildId } = session;
  const { signal } = controller;
  const { ports, options } = state;
  const folders = resources.use(
    createSessionFolders({
      buildId,
      workRoot: `${options.root}/work`,
      secretRoot: options.secretRoot,
      trees: ports.trees,
      sweep: state.sweep,
    }),
  );
  const limits = options.contextLimits ?? defaultContextLimits;
  const contexts = createContexts({ ...ports, ...state, request, folders, emit, signal, limits });
  const file = await loadDockerfile(session, contexts);
  const planOptions = await planOptionsOf(request, ports);
  await reportChecks(file, { session, contexts, planOptions });
  if (request.checkOnly) return undefined;
  const epochS = epochOf(request);
  const plan = await planWithImages(file, planOptions, { ...ports, request, emit, signal });
  for (const { chain } of plan.images.values()) if (chain) session.held.add(chain);
  await checkPlatforms(plan, ports);
  emit({ kind: 'plan', steps: plan.steps });
  const foreign = openForeignCache(session, ports);
  const { filesystems } = foreign ?? ports;
  const views = resources.use(createViews(filesystems));
  const resolved: ResolvedRecord[] = [];
  const solving = { session, plan, contexts, folders, views, epochS, file, foreign, resolved };
  const target = await solve({ ...state, ports: { ...ports, filesystems } }, solving);
  await contexts.drain();
  return { plan, target, epochS, filesystems, resolved };
}

async function loadDockerfile({ request, emit }: Session, contexts: Contexts): Promise<Dockerfile> {
  const { dockerfile } = request;
  const name = 'path' in dockerfile ? dockerfile.path : (dockerfile.fileName ?? 'Dockerfile');
  const task = `[internal] load build definition from ${name.split('/').at(-1)}`;
  emit({ kind: 'task-started', task, atMs: Date.now() });
  try {
    const text = 'text' in dockerfile ? dockerfile.text : await read(dockerfile.path);
    const file = parseDockerfile(text, { fileName: name });
    emit({ kind: 'task-done', task, atMs: Date.now() });
    return file;
  } catch (error) {
    emit({ kind: 'task-done', task, atMs: Date.now(), failed: true });
    throw error;
  }

  async function read(path: string): Promise<string | Uint8Array> {
    const context = await contexts.main();
    return context.dockerfile ?? readDockerfile(context, path);
  }
}

async function planOptionsOf(
  request: BuildRequest,
  { emulators }: BuilderPorts,
): Promise<PlanOptions> {
  return {
    buildArgs: request.buildArgs,
    target: request.target || undefined,
    platform: request.platform ?? emulators.native,
    native: emulators.native,
    contexts: namedContexts(request),
    networkMode: networkModeOf(request),
    allow: request.allow ?? [],
  };
}

function namedContexts({ contexts = {} }: BuildRequest): NamedContexts {
  return new Map(
    Object.entries(contexts).map(([name, context]) => [
      name.toLowerCase(),
      context.kind === 'image' ? { image: formatReference(context.reference) } : ('files' as const),
    ]),
  );
}

function networkModeOf({ networkMode = 'default' }: BuildRequest): PlanOptions['networkMode'] {
  switch (networkMode) {
    case '':
    case 'default':
    case 'bridge':
      return 'default';
    case 'host':
    case 'none':
      return networkMode;
    default:
      throw unsupported(
        `network mode ${JSON.stringify(networkMode)} not supported for builds: default, none or host`,
      );
  }
}

function epochOf({ buildArgs }: BuildRequest): number | undefined {
  const text = buildArgs.SOURCE_DATE_EPOCH;
  if (text === undefined || text === '') return undefined;
  const epochS = Number(text);
  if (!/^\d+$/.test(text) || epochS > 8.64e12) {
    throw invalid(`invalid SOURCE_DATE_EPOCH: ${text}: not a number of seconds`);
  }
  return epochS;
}

async function reportChecks(
  file: Dockerfile,
  {
    session: { request, emit },
    contexts,
    planOptions,
  }: { session: Session; contexts: Contexts; planOptions: PlanOptions },
): Promise<void> {
  const { warnings, error } = checkDockerfile(file, {
    buildArgs: request.buildArgs,
    buildPlatform: planOptions.native,
    targetPlatform: planOptions.platform,
    target: planOptions.target,
    options: request.buildArgs.BUILDKIT_DOCKERFILE_CHECK,
    ignore: await contexts.ignoreRules(),
  });
  for (const { check, message, description, range } of warnings) {
    const { line } = range.start;
    emit({ kind: 'warning', code: check, message, line, detail: description });
  }
  const unused = unusedBuildArgs(file, request.buildArgs);
  if (unused.length > 0) {
    const message = `One or more build-args [${unused.join(' ')}] were not consumed`;
    emit({ kind: 'warning', code: 'UnconsumedBuildArgs', message });
  }
  if (error && (request.checkOnly || /^lint violation/.test(error.message))) throw error;
}

/** Refuses what has to run programs of a platform that cannot run here. */
async function checkPlatforms(plan: Plan, { emulators }: BuilderPorts): Promise<void> {
  for (const stage of plan.stages.values()) {
    const run = stage.steps.find(({ action }) => action.kind === 'run');
    const { platform } = stage.image;
    if (!run || (await emulators.supports(platform))) continue;
    const wanted = formatPlatform(platform);
    throw unsupported(
      `build for ${wanted}: line ${run.step.line} runs a program, and this machine runs ${formatPlatform(emulators.native)} only: no emulator for ${wanted} is registered in /proc/sys/fs/binfmt_misc`,
    );
  }
}

interface Solving {
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

async function solve(state: BuilderState, solving: Solving): Promise<SolvedStage> {
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
    await Promise.allSettled([...plan.stages.keys()].map((index) => solver.stage(index)));
    throw error;
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
        return emptySource();
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
    source,
    view: views.open,
  };
}
