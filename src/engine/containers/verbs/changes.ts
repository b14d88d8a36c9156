import type { Change } from '../../../store/index.ts';
import type { EngineParts } from '../../engine-parts.ts';

/** What the runtime makes in a root to mount on; Docker keeps these in a layer of their own. */
const runtimesOwn = new Set([
  '/.dockerenv',
  '/dev',
  '/dev/console',
  '/dev/mqueue',
  '/dev/pts',
  '/dev/shm',
  '/etc/hostname',
  '/etc/hosts',
  '/etc/mtab',
  '/etc/resolv.conf',
  '/proc',
  '/sys',
  '/sys/fs',
  '/sys/fs/cgroup',
  '/sbin/docker-init',
]);

/** `docker diff`: what the container changed, without what the engine put there to mount on. */
export async function changesOf(parts: EngineParts, ref: string): Promise<Change[]> {
  const { id, plans } = parts.table.find(ref);
  const changes = await (await parts.snapshots.get(id)).changes();
  const places = new Set([...runtimesOwn, ...plans.map(({ destination }) => destination)]);
  return withoutPlaces(changes, places);
}

/** Leaves out added places, and folders that nothing else changed in. Pure. */
export function withoutPlaces(changes: readonly Change[], places: ReadonlySet<string>): Change[] {
  const rest = changes.filter(({ kind, path }) => kind !== 'added' || !places.has(path));
  const dropped = changes.filter((change) => !rest.includes(change));
  const holders = new Set(dropped.map(({ path }) => path.slice(0, path.lastIndexOf('/')) || '/'));
  return rest.filter(
    ({ kind, path }) =>
      kind !== 'modified' ||
      !holders.has(path) ||
      rest.some((other) => other.path !== path && other.path.startsWith(`${path}/`)),
  );
}
