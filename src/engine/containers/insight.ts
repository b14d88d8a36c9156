import type { EngineParts } from '../engine-parts.ts';
import { containerPaths } from '../engine-parts.ts';
import type { Execs } from '../runs/execs.ts';

/** What `inspect` tells beside a container's own record. */
export interface Insight {
  layout(id: string): ContainerLayout;
  /** Bytes the container wrote, and those of its whole filesystem. */
  sizes(id: string): Promise<{ writtenBytes: number; rootBytes: number }>;
  /** Execs that were created and are not over. */
  execIds(id: string): readonly string[];
}

/** Where a container's parts lie on this machine; '' for what does not exist now. */
export interface ContainerLayout {
  readonly resolvConfPath: string;
  readonly hostnamePath: string;
  readonly hostsPath: string;
  readonly namespacePath: string;
}

export function createInsight(parts: EngineParts, execs: Pick<Execs, 'liveIds'>): Insight {
  return {
    layout(ref) {
      const { id, network, startedBefore } = parts.table.find(ref);
      const { resolvConfPath, hostnamePath, hostsPath } = containerPaths(parts.paths, id);
      const made = (path: string) => (startedBefore ? path : '');
      return {
        resolvConfPath: made(resolvConfPath),
        hostnamePath: made(hostnamePath),
        hostsPath: made(hostsPath),
        namespacePath: network?.namespacePath ?? '',
      };
    },
    async sizes(ref) {
      const { id, imageId } = parts.table.find(ref);
      const snapshot = await parts.snapshots.get(id);
      const [writtenBytes, image] = await Promise.all([
        snapshot.usage(),
        parts.images.resolve(imageId).catch(() => undefined),
      ]);
      return { writtenBytes, rootBytes: writtenBytes + (image?.sizeBytes ?? 0) };
    },
    execIds: (ref) => execs.liveIds(parts.table.find(ref).id),
  };
}
