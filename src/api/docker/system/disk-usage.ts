import type { BuildCache } from '../../../build/index.ts';
import { invalid } from '../../../core/index.ts';
import type { Containers, Volumes } from '../../../engine/index.ts';
import type { ImageStore } from '../../../store/index.ts';
import { json, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { cacheUsageView } from '../build/cache.ts';
import type { ContainerInsight } from '../containers/ports.ts';
import { containerSummary, imageNamer } from '../containers/summary.ts';
import { imageSummary, layerUsage } from '../images/image-view.ts';
import { containerCounts } from '../images/list.ts';
import { volumeView } from '../volumes/routes.ts';

/** What `docker system df` counts. */
export interface DiskUsagePorts {
  readonly images: Pick<ImageStore, 'list' | 'resolve'>;
  readonly containers: Pick<Containers, 'list'>;
  readonly insight: Pick<ContainerInsight, 'sizes'>;
  readonly volumes: Pick<Volumes, 'list' | 'usage'>;
  readonly buildCache: Pick<BuildCache, 'usage'>;
}

const kinds = ['container', 'image', 'volume', 'build-cache'];

/** The answer of `GET /system/df`; `type` leaves the other kinds out. */
export async function diskUsage(ports: DiskUsagePorts, request: ApiRequest): Promise<Reply> {
  const asked = request.query.all('type');
  for (const type of asked) {
    if (!kinds.includes(type)) throw invalid(`unknown object type: ${type}`);
  }
  const wants = (kind: string) => asked.length === 0 || asked.includes(kind);
  const images = wants('image') ? await imageUsage(ports, request.version) : undefined;
  return json({
    LayersSize: images?.totalBytes ?? 0,
    Images: images?.views ?? null,
    Containers: wants('container') ? await containerUsage(ports) : null,
    Volumes: wants('volume') ? await volumeUsage(ports) : null,
    BuildCache: wants('build-cache') ? (await ports.buildCache.usage()).map(cacheUsageView) : null,
  });
}

async function imageUsage(ports: DiskUsagePorts, version: string | undefined) {
  const images = await ports.images.list();
  const { sharedBytes, totalBytes } = layerUsage(images);
  const counts = containerCounts(ports);
  const views = images.map((image) =>
    imageSummary(image, {
      containers: counts.get(image.id) ?? 0,
      sharedBytes: sharedBytes.get(image.id) ?? 0,
      version,
    }),
  );
  return { views, totalBytes };
}

async function containerUsage({ containers, images, insight }: DiskUsagePorts) {
  const nameImage = imageNamer(images);
  const nowMs = Date.now();
  return await Promise.all(
    containers
      .list()
      .map(async (container) =>
        containerSummary(container, { imageName: await nameImage(container), insight, nowMs }),
      ),
  );
}

async function volumeUsage({ volumes }: DiskUsagePorts) {
  return await Promise.all(
    volumes.list().map(async (volume) => {
      const { sizeBytes, references } = await volumes.usage(volume.name);
      return { ...volumeView(volume), UsageData: { RefCount: references, Size: sizeBytes } };
    }),
  );
}
