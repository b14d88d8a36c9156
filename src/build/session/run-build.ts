import { type Digest, inTurns } from '../../core/index.ts';
import { type Dockerfile, parsingDockerfile } from '../../dockerfile/index.ts';
import type { BuildEvent, BuildRequest } from '../builder.ts';
import { defaultContextLimits, readDockerfile } from '../context/load-context.ts';
import { checkHistory } from '../export/write-image.ts';
import { outlineTargets, outliningBuild } from '../plan/outline.ts';
import type { Plan, PlanOptions } from '../plan/plan.ts';
import type { BaseImage } from '../ports.ts';
import { remoteAccess } from '../solve/client-secrets.ts';
import { createViews } from '../solve/views.ts';
import { type Contexts, createContexts } from './contexts.ts';
import { planWithImages } from './find-images.ts';
import { openLayouts } from './layouts.ts';
import { openForeignCache } from './open-foreign-cache.ts';
import { checkPlatforms, epochOf, planOptionsOf } from './plan-options.ts';
import { reportChecks } from './report-checks.ts';
import type { BuilderState, ResolvedRecord, Session, SolvedBuild } from './session.ts';
import { createSessionFolders } from './session-folders.ts';
import { solvePlan } from './solve-plan.ts';

/** Builds the target's layers. Undefined when only checks or a description were asked for. */
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
  const contexts = createContexts({
    ...{ ...ports, ...state, request, emit, signal, limits },
    newFolder: folders.newFolder,
    access: remoteAccess(request, folders.newSecretFolder),
    hold: (resource) => void resources.use(resource),
  });
  const file = await loadDockerfile(session, contexts);
  const planOptions = planOptionsOf(request, ports.emulators);
  if (request.describeOnly) {
    emit(await description(file, request.describeOnly, { planOptions, signal }));
    return undefined;
  }
  const images = new Map<string, BaseImage>();
  const holdChain = (chain: Digest) => void session.held.add(chain);
  const layouts = openLayouts({
    ...{ request, ports, signal, limits, kept: state.kept, newFolder: folders.newFolder },
    holdChain,
    hold: (resource) => void resources.use(resource),
  });
  const finding = { ...ports, request, emit, signal, images, layouts, holdChain };
  const planning = planWithImages(file, planOptions, finding);
  // The checks know more once the base images are there, and are told of even if one is not.
  const found = await planning.catch(() => undefined);
  signal.throwIfAborted();
  const needed = found && new Set(found.stages.keys());
  await reportChecks(file, { session, contexts, planOptions, images, needed });
  const plan = await planning;
  if (request.checkOnly) return undefined;
  checkHistory(plan.target.image);
  const epochS = epochOf(request);
  await checkPlatforms(plan, ports.emulators);
  for (const warning of missingDevices(plan)) emit(warning);
  emit({ kind: 'plan', steps: plan.steps });
  const foreign = openForeignCache(session, ports);
  const { filesystems } = foreign ?? ports;
  const views = resources.use(createViews(filesystems));
  const resolved: ResolvedRecord[] = [];
  const solving = { session, plan, contexts, folders, views, epochS, file, foreign, resolved };
  const target = await solvePlan({ ...state, ports: { ...ports, filesystems } }, solving);
  await contexts.drain();
  return { plan, target, epochS, filesystems, resolved };
}

async function description(
  file: Dockerfile,
  what: NonNullable<BuildRequest['describeOnly']>,
  { planOptions, signal }: { planOptions: PlanOptions; signal: AbortSignal },
): Promise<BuildEvent> {
  const source = file.source.text;
  if (what === 'targets') return { kind: 'targets', source, targets: outlineTargets(file) };
  const outline = await inTurns(outliningBuild(file, planOptions), signal);
  return { kind: 'outline', source, outline };
}

/** A device that a step may go without is told of, as there are none here. */
function missingDevices({ stages }: Plan): BuildEvent[] {
  return [...stages.values()].flatMap(({ steps }) =>
    steps.flatMap(({ action, step: { line } }) =>
      action.kind !== 'run'
        ? []
        : action.withoutDevices.map((name): BuildEvent => {
            const message = `device ${name}: RUN --device is not supported, the step runs without it`;
            return { kind: 'warning', code: 'DeviceUnavailable', message, line };
          }),
    ),
  );
}

async function loadDockerfile(
  { request, emit, controller }: Session,
  contexts: Contexts,
): Promise<Dockerfile> {
  const { dockerfile } = request;
  const name = 'path' in dockerfile ? dockerfile.path : (dockerfile.fileName ?? 'Dockerfile');
  const task = `[internal] load build definition from ${name.split('/').at(-1)}`;
  emit({ kind: 'task-started', task, atMs: Date.now() });
  try {
    const text = 'text' in dockerfile ? dockerfile.text : await read(dockerfile.path);
    const file = await inTurns(parsingDockerfile(text, { fileName: name }), controller.signal);
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
