import type { Change } from '../../../store/index.ts';
import type { EngineParts } from '../../engine-parts.ts';
import { runtimePlaces } from '../runtime-places.ts';

/** `docker diff`: what the container changed, without what the engine put there to mount on. */
export async function changesOf(parts: EngineParts, ref: string): Promise<Change[]> {
  const { id, plans } = parts.table.find(ref);
  const changes = await (await parts.snapshots.get(id)).changes();
  const places = new Set([...runtimePlaces, ...plans.map(({ destination }) => destination)]);
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
