import { formatReference, parseReference, type Reference } from '../../core/index.ts';
import type { Dockerfile } from '../../dockerfile/index.ts';
import type { BuildEvent, BuildRequest } from '../builder.ts';
import { type ImageNeed, imageKey, type Plan, type PlanOptions, planBuild } from '../plan/plan.ts';
import type { BaseImage, BaseImages } from '../ports.ts';

/** Plans, finding the images the plan stands on as they turn out to be needed, several at once. */
export async function planWithImages(
  file: Dockerfile,
  planOptions: PlanOptions,
  options: {
    baseImages: BaseImages;
    request: BuildRequest;
    emit: (event: BuildEvent) => void;
    signal: AbortSignal;
  },
): Promise<Plan> {
  const images = new Map<string, BaseImage>();
  for (;;) {
    const result = planBuild(file, planOptions, images);
    if (result.kind === 'plan') return result.plan;
    await Promise.all(
      result.needs.map(async (need) => {
        images.set(imageKey(need), await findImage(need, options));
      }),
    );
  }
}

async function findImage(
  { name, platform }: ImageNeed,
  { baseImages, request, emit, signal }: Parameters<typeof planWithImages>[2],
): Promise<BaseImage> {
  const reference = parseReference(name);
  const task = taskName(reference);
  emit({ kind: 'task-started', task, atMs: Date.now() });
  const end = (failed: boolean) =>
    emit({ kind: 'task-done', task, atMs: Date.now(), ...(failed && { failed }) });
  try {
    const image = await baseImages.resolve(reference, {
      platform,
      pull: request.pull,
      auth: request.auth,
      signal,
      onProgress: ({ id, action, current, total }) =>
        emit({ kind: 'task-progress', task, id, action, current, total }),
    });
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
