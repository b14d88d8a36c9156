import {
  BerthError,
  type Digest,
  errorKind,
  errorMessage,
  formatReference,
  inTurns,
  parseReference,
  type Reference,
} from '../../core/index.ts';
import { type Dockerfile, nearest, placedError, SyntaxFault } from '../../dockerfile/index.ts';
import type { BuildEvent, BuildRequest } from '../builder.ts';
import {
  type ImageNeed,
  imageKey,
  type Plan,
  type PlanOptions,
  planningBuild,
} from '../plan/plan.ts';
import type { BaseImage, BaseImages } from '../ports.ts';
import type { Layouts } from './layouts.ts';

export interface FindOptions {
  readonly baseImages: BaseImages;
  readonly request: BuildRequest;
  readonly emit: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
  readonly layouts: Layouts;
  /** Keeps a stack until the build's result was taken. */
  readonly holdChain: (chain: Digest) => void;
  /** Those found so far, by imageKey; it grows, also where the plan fails in the end. */
  readonly images: Map<string, BaseImage>;
}

/** Plans, finding the images the plan stands on as they turn out to be needed, several at once. */
export async function planWithImages(
  file: Dockerfile,
  planOptions: PlanOptions,
  options: FindOptions,
): Promise<Plan> {
  const { images } = options;
  for (;;) {
    const result = await inTurns(planningBuild(file, planOptions, images), options.signal);
    if (result.kind === 'plan') return result.plan;
    const finding = result.needs.map(async (need) => {
      images.set(imageKey(need), await findImage(need, options));
    });
    const outcomes = await Promise.allSettled(finding);
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') throw notFound(file, result.needs[at]!, outcome.reason);
    }
  }
}

/** Names the place in the Dockerfile, as BuildKit words it; a cancelled build is nobody's fault. */
function notFound(file: Dockerfile, { name, place }: ImageNeed, cause: unknown): unknown {
  const kind = errorKind(cause);
  if (kind === 'canceled') return cause;
  const full = formatReference(parseReference(name));
  const reason = `${name}: failed to resolve source metadata for ${full}: ${errorMessage(cause)}`;
  const stages = file.stages.flatMap((stage) => stage.name ?? []);
  const fault = new SyntaxFault(reason, place, nearest(name, stages));
  const { code, details, message } = placedError(file.source, fault, file.fileName);
  return new BerthError(kind, message, { code, details, cause });
}

async function findImage(
  { name, platform }: ImageNeed,
  { baseImages, layouts, request, emit, signal, holdChain }: FindOptions,
): Promise<BaseImage> {
  const reference = parseReference(name);
  const task = taskName(reference);
  emit({ kind: 'task-started', task, atMs: Date.now() });
  const end = (failed: boolean) =>
    emit({ kind: 'task-done', task, atMs: Date.now(), ...(failed && { failed }) });
  try {
    const sent = layouts.open(name, platform);
    const image = await (sent ??
      baseImages.resolve(reference, {
        platform,
        pull: request.pull,
        auth: request.auth,
        signal,
        onProgress: ({ id, action, current, total }) =>
          emit({ kind: 'task-progress', task, id, action, current, total }),
      }));
    // At once: the image's name may be taken away while others are still looked for.
    if (image.chain) holdChain(image.chain);
    end(false);
    return image;
  } catch (error) {
    end(true);
    throw error;
  }
}

function taskName(reference: Reference): string {
  return `[internal] load metadata for ${formatReference(reference)}`;
}
