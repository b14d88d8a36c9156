import { invalid } from '../../../core/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import { json, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { filtersOf } from '../filters.ts';
import { parseTimestamp } from '../timestamp.ts';
import { carryOut, type Deletion } from './delete-image.ts';
import { createdAtMs, layerUsage } from './image-view.ts';
import type { ImagePorts } from './ports.ts';

/** `docker image prune`: images without a name, or with `dangling=false` all that no container uses. */
export async function pruneImages(ports: ImagePorts, request: ApiRequest): Promise<Reply> {
  const filters = filtersOf(request.query).allow('dangling', 'label', 'label!', 'until');
  const [until, more] = filters.values('until');
  if (more !== undefined) throw invalid('more than one until filter specified');
  const untilMs = parseTimestamp(until ?? '');
  const danglingOnly = filters.flag('dangling', true);
  const used = new Set<string>(ports.containers.list().map(({ imageId }) => imageId));
  const goes = (image: LocalImage) => {
    const labels = image.config.config?.Labels;
    return (
      !used.has(image.id) &&
      (!danglingOnly || image.tags.length === 0) &&
      (untilMs === undefined || createdAtMs(image) <= untilMs) &&
      filters.labels('label', labels) &&
      (!filters.has('label!') || !filters.labels('label!', labels))
    );
  };
  const before = await ports.images.list();
  const deletions: Deletion[] = [];
  for (const image of before.filter(goes)) {
    if (request.signal.aborted) break;
    const untag = [...image.tags, ...image.repoDigests];
    deletions.push(...(await carryOut(ports.images, image.id, { untag, remove: true })));
  }
  const after = deletions.length > 0 ? await ports.images.list() : before;
  return json({
    ImagesDeleted: deletions.length > 0 ? deletions : null,
    SpaceReclaimed: layerUsage(before).totalBytes - layerUsage(after).totalBytes,
  });
}
