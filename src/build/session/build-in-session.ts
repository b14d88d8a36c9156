import { BerthError, type Digest } from '../../core/index.ts';
import type { BuildResult, FailedStep, StepFailureDetails } from '../builder.ts';
import type { BuilderPorts } from '../builder-ports.ts';
import { exportCaches } from '../export/export-caches.ts';
import { checkOutputs, makeOutputs } from '../export/outputs.ts';
import { finishImage, keepsImage, storeImage } from '../export/write-image.ts';
import { lineUsage } from '../report/line-usage.ts';
import { isStepFailure } from '../solve/step-failure.ts';
import { runBuild } from './run-build.ts';
import type { BuilderState, Session, SolvedBuild } from './session.ts';

/** A build's result, without what its disposal means. */
export interface Finished extends Omit<BuildResult, typeof Symbol.asyncDispose> {
  /** What the archives are read from, when it shall not stay. */
  readonly lent?: AsyncDisposable;
}

/** One build from its request to its result; what it used is given back whatever happens. */
export async function buildInSession(state: BuilderState, session: Session): Promise<Finished> {
  const { request, resources, controller } = session;
  try {
    controller.signal.throwIfAborted();
    checkOutputs(request);
    const solved = await runBuild(state, session);
    const result = solved ? await finish(state, session, solved) : nothingBuilt;
    await resources.disposeAsync();
    return result;
  } catch (error) {
    const failure = withKept(error, (step) => state.failedSteps.keep(step, resources));
    if (failure) throw failure;
    if (session.hosted.size === 0) await resources.disposeAsync();
    else state.sweep(disposeAfter(session.hosted, resources));
    // An abort shows as many errors; the one to tell is that it was aborted.
    if (controller.signal.aborted && !isStepFailure(error)) throw controller.signal.reason;
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

/** The result where only checks or a description were asked for. */
const nothingBuilt: Finished = { imageId: '' as Digest, archives: [] };

async function finish(
  { ports, images }: BuilderState,
  session: Session,
  solved: SolvedBuild,
): Promise<Finished> {
  const { request, emit, controller } = session;
  const image = await finishImage(solved, request);
  const { imageId } = image;
  solved.target.finish(imageId);
  const task = 'exporting to image';
  emit({ kind: 'task-started', task, atMs: Date.now() });
  await using lent = new AsyncDisposableStack();
  if (keepsImage(request)) lent.use(await storeImage(image, request, images));
  const outputs = await makeOutputs(
    { imageId, solved },
    { request, emit, exports: ports.exports, signal: controller.signal },
  );
  emit({ kind: 'task-done', task, atMs: Date.now(), detail: imageId });
  await exportCaches(solved, session, ports);
  if (request.lineUsage) emit({ kind: 'line-usage', lines: await usageOfLines(ports, solved) });
  return { imageId, ...outputs, ...(outputs.archives.length > 0 && { lent: lent.move() }) };
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

/** The failure of a step that is kept for a look at it, the build's folders with it. */
function withKept(error: unknown, keep: (step: FailedStep) => FailedStep): BerthError | undefined {
  if (!isStepFailure(error)) return undefined;
  const details = error.details as StepFailureDetails;
  if (!details.kept) return undefined;
  const { kind, message, code, cause } = error;
  return new BerthError(kind, message, {
    code,
    cause,
    details: { ...details, kept: keep(details.kept) },
  });
}
