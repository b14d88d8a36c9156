import { errorKind } from '../../../core/index.ts';
import type { Containers, Volume, Volumes } from '../../../engine/index.ts';
import { map, object, string } from '../../http/decode.ts';
import { empty, json, type Reply } from '../../http/reply.ts';
import { type ApiRequest, del, get, post, type Route } from '../../http/route.ts';
import { olderThan } from '../api-version.ts';
import { filtersOf } from '../filters.ts';

/** What the routes of volumes need of the daemon. */
export interface VolumePorts {
  readonly volumes: Pick<Volumes, 'create' | 'get' | 'list' | 'remove' | 'usage'>;
  readonly containers: Pick<Containers, 'list'>;
}

export function volumeRoutes(ports: VolumePorts): Route[] {
  const { volumes } = ports;
  return [
    get('/volumes', (request) => listVolumes(ports, request)),
    get('/volumes/:name', ({ params }) => json(volumeView(volumes.get(params.name!)))),
    post('/volumes/create', (request) => createVolume(ports, request)),
    post('/volumes/prune', (request) => pruneVolumes(ports, request)),
    del('/volumes/:name', (request) => removeVolume(ports, request)),
  ];
}

/** A volume as `docker volume inspect` shows it. */
export function volumeView(volume: Volume): Record<string, unknown> {
  const labels = volume.anonymous
    ? { 'com.docker.volume.anonymous': '', ...volume.labels }
    : volume.labels;
  return {
    CreatedAt: new Date(volume.createdAtMs).toISOString().replace(/\.\d+/, ''),
    Driver: volume.driver,
    Labels: orNull(labels),
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: orNull(volume.options),
    Scope: 'local',
  };
}

function orNull(record: Readonly<Record<string, string>>): unknown {
  return Object.keys(record).length > 0 ? record : null;
}

function listVolumes(ports: VolumePorts, { query }: ApiRequest): Reply {
  const filters = filtersOf(query).allow('dangling', 'driver', 'label', 'name');
  const used = usedVolumes(ports);
  const dangling = filters.has('dangling') ? filters.flag('dangling', true) : undefined;
  const volumes = ports.volumes
    .list()
    .filter(
      ({ name, driver, labels }) =>
        filters.pattern('name', name) &&
        filters.exact('driver', driver) &&
        filters.labels('label', labels) &&
        (dangling === undefined || used.has(name) !== dangling),
    );
  return json({ Volumes: volumes.map(volumeView), Warnings: null });
}

function usedVolumes({ containers }: VolumePorts): Set<string> {
  return new Set(
    containers
      .list()
      .flatMap(({ mounts }) => mounts)
      .flatMap(({ type, name }) => (type === 'volume' && name !== undefined ? [name] : [])),
  );
}

const createBody = object<{
  Name: string;
  Driver: string;
  DriverOpts: Record<string, string>;
  Labels: Record<string, string>;
}>({ Name: string, Driver: string, DriverOpts: map(string), Labels: map(string) });

async function createVolume({ volumes }: VolumePorts, request: ApiRequest): Promise<Reply> {
  const body = createBody(await request.json(), '');
  const volume = await volumes.create({
    name: body?.Name || undefined,
    driver: body?.Driver || undefined,
    options: body?.DriverOpts,
    labels: body?.Labels,
    anonymous: !body?.Name,
  });
  return json(volumeView(volume), 201);
}

async function removeVolume(
  { volumes }: VolumePorts,
  { params, query }: ApiRequest,
): Promise<Reply> {
  const force = query.flag('force');
  try {
    await volumes.remove(params.name!, { force });
  } catch (error) {
    if (!force || errorKind(error) !== 'not-found') throw error;
  }
  return empty(204);
}

/** `docker volume prune`: anonymous volumes that nobody uses, or with `all` every such volume. */
async function pruneVolumes(ports: VolumePorts, request: ApiRequest): Promise<Reply> {
  const { query, version } = request;
  const filters = filtersOf(query).allow('label', 'label!', 'all');
  // Before API 1.42 there was no such difference.
  const all = filters.flag('all', olderThan(version, '1.42'));
  const used = usedVolumes(ports);
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const { name, anonymous, labels } of ports.volumes.list()) {
    const keep =
      used.has(name) ||
      (!all && !anonymous) ||
      !filters.labels('label', labels) ||
      (filters.has('label!') && filters.labels('label!', labels));
    if (keep) continue;
    if (request.signal.aborted) break;
    const { sizeBytes } = await ports.volumes.usage(name);
    try {
      await ports.volumes.remove(name);
    } catch (error) {
      if (errorKind(error) !== 'conflict') throw error;
      continue;
    }
    deleted.push(name);
    reclaimedBytes += sizeBytes;
  }
  return json({
    VolumesDeleted: deleted.length > 0 ? deleted : null,
    SpaceReclaimed: reclaimedBytes,
  });
}
