import { familiarName, familiarReference, type Reference } from '../../../core/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import { json, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { type Filters, filtersOf } from '../filters.ts';
import { parseTimestamp } from '../timestamp.ts';
import { createdAtMs, imageSummary, layerUsage } from './image-view.ts';
import { nameMatcher } from './name-pattern.ts';
import type { ImagePorts } from './ports.ts';

export async function listImages(ports: ImagePorts, request: ApiRequest): Promise<Reply> {
  const { query, version } = request;
  const filters = filtersOf(query).allow(
    ...['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until'],
  );
  // Before API 1.41 a single name could be asked for by a parameter of its own.
  const name = query.text('filter');
  const images = await ports.images.list();
  const chosen = await chooseImages(ports, images, {
    filters,
    references: name === '' ? filters.values('reference') : [name],
    all: query.flag('all'),
  });
  const shared = query.flag('shared-size') ? layerUsage(images).sharedBytes : undefined;
  const counts = containerCounts(ports);
  return json(
    chosen.map((image) =>
      imageSummary(image, {
        containers: counts.get(image.id) ?? 0,
        sharedBytes: shared ? (shared.get(image.id) ?? 0) : -1,
        version,
      }),
    ),
  );
}

export function containerCounts({ containers }: Pick<ImagePorts, 'containers'>) {
  const counts = new Map<string, number>();
  for (const { imageId } of containers.list()) counts.set(imageId, (counts.get(imageId) ?? 0) + 1);
  return counts;
}

/** Images that pass, newest first; with references, only the names that match. */
async function chooseImages(
  { images: store }: Pick<ImagePorts, 'images'>,
  images: readonly LocalImage[],
  { filters, references, all }: { filters: Filters; references: readonly string[]; all: boolean },
): Promise<LocalImage[]> {
  const edge = async (name: 'before' | 'since') => {
    const [value] = filters.values(name);
    return value === undefined ? undefined : createdAtMs(await store.resolve(value));
  };
  const beforeMs = await edge('before');
  const sinceMs = await edge('since');
  const untilMs = parseTimestamp(filters.values('until')[0] ?? '');
  const parents = new Set(images.map(({ parent }) => parent));
  const matches = references.map(nameMatcher);
  const isNamed = (reference: Reference) =>
    matches.length === 0 ||
    matches.some((match) => match(familiarReference(reference)) || match(familiarName(reference)));
  return images
    .filter((image) => {
      const dangling = image.tags.length === 0;
      const ms = createdAtMs(image);
      const labels = image.config.config?.Labels;
      return (
        (all || !dangling || !parents.has(image.id)) &&
        (beforeMs === undefined || ms < beforeMs) &&
        (sinceMs === undefined || ms > sinceMs) &&
        (untilMs === undefined || ms <= untilMs) &&
        filters.flag('dangling', dangling) === dangling &&
        filters.labels('label', labels) &&
        (!filters.has('label!') || !filters.labels('label!', labels))
      );
    })
    .map((image) => ({
      ...image,
      tags: image.tags.filter(isNamed),
      repoDigests: image.repoDigests.filter(isNamed),
    }))
    .filter(({ tags, repoDigests }) => matches.length === 0 || tags.length + repoDigests.length > 0)
    .sort((a, b) => createdAtMs(b) - createdAtMs(a) || (a.id < b.id ? -1 : 1));
}
