import { createHash } from 'node:crypto';
import { type BerthError, type Digest, finishDigest, invalid } from '../../core/index.ts';
import type { BuildRequest } from '../builder.ts';
import { inlineField } from '../cache/transfer/cache-document.ts';
import type { ImageDraft } from '../plan/image-draft.ts';
import type { SolvedBuild } from '../session/session.ts';
import { travellingRecords, wantsInlineCache } from './export-caches.ts';
import { imageConfig } from './image-config.ts';
import type { StoredImages } from './stored-images.ts';

/** As much as is read of a configuration anywhere. */
const mostConfigBytes = 4 * 2 ** 20;

export interface FinishedImage {
  readonly imageId: Digest;
  readonly rawConfig: Uint8Array;
}

/** What an entry of history takes at least, besides its instruction. */
const entryBytes = 60;

/** Refuses, before anything is built, what would have too long a history in the end. */
export function checkHistory({ history }: ImageDraft): void {
  const bytes = history.reduce((sum, entry) => sum + entryBytes + entry.created_by!.length, 0);
  if (bytes > mostConfigBytes) throw tooLong(history.length, bytes);
}

function tooLong(entries: number, bytes: number): BerthError {
  const kib = Math.ceil(bytes / 1024);
  return invalid(
    `write image: its configuration, with ${entries} entries of history, has ${kib} KiB, and may have 4096`,
  );
}

/** The configuration of the built image, and its id. */
export async function finishImage(
  solved: SolvedBuild,
  request: BuildRequest,
): Promise<FinishedImage> {
  const { plan, target, epochS, filesystems } = solved;
  const { chain } = target.top;
  const layers = chain === null ? [] : await filesystems.layers(chain);
  const config = imageConfig(plan.target.image, {
    diffIds: layers.map(({ diffId }) => diffId),
    layerTimesMs: new Map([...target.layers].map(([step, layer]) => [step, layer.createdAtMs])),
    labels: request.labels,
    epochS,
  });
  const inline = wantsInlineCache(request)
    ? { [inlineField]: await travellingRecords(solved, 'min') }
    : {};
  const rawConfig = Buffer.from(JSON.stringify({ ...config, ...inline }));
  if (rawConfig.length > mostConfigBytes) {
    throw tooLong(config.history?.length ?? 0, rawConfig.length);
  }
  return { rawConfig, imageId: finishDigest(createHash('sha256').update(rawConfig)) };
}

/** Does any output keep the image on this machine? */
export function keepsImage({ outputs }: BuildRequest): boolean {
  if (!outputs || outputs.length === 0) return true;
  return outputs.some(({ kind }) => kind !== 'none' && kind !== 'local' && kind !== 'tar');
}

/** Stores the image under its tags if that is one of the outputs; else for those who read it from here. */
export async function storeImage(
  image: FinishedImage,
  { outputs = [], tags }: BuildRequest,
  images: StoredImages,
): Promise<AsyncDisposable | undefined> {
  const stays = outputs.length === 0 || outputs.some(({ kind }) => kind === 'image');
  if (!stays) return images.lend(image);
  await images.keep(image, tags);
  return undefined;
}
