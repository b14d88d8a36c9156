import { writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { hostname as machineName } from 'node:os';
import { join } from 'node:path';
import { errorKind, errorMessage, randomId, shortId } from '../../../core/index.ts';
import { parseSignal } from '../../../linux/index.ts';
import { containerCapabilities } from '../../bundle/capabilities.ts';
import { parseSecurityOptions } from '../../bundle/security.ts';
import { containerPaths, type EngineParts } from '../../engine-parts.ts';
import { logSettings } from '../../runs/log-settings.ts';
import { ensureSource } from '../../runs/mount-sources.ts';
import type { MountPoint } from '../container.ts';
import type { ContainerConfig, HostConfig } from '../container-config.ts';
import type { ContainerRecord } from '../container-record.ts';
import type { CreateRequest } from '../containers.ts';
import { askedEndpoints, withHostDefaults } from '../host-config-defaults.ts';
import { mergeImageConfig } from '../merge-image-config.ts';
import {
  type MountPlan,
  parseVolumesFrom,
  planMounts,
  type VolumePlan,
} from '../mounts/mount-plan.ts';
import { populateVolume } from '../mounts/populate-volume.ts';
import { parseContainerName, randomName } from '../names.ts';
import { portRequests } from '../port-requests.ts';
import { containerMark } from '../runtime-places.ts';

/**
 * Makes a container: its record, filesystem and volumes. Throws `not-found` for an unknown image,
 * `conflict` for a name in use, `invalid` for what cannot be; then nothing is left behind.
 */
export async function createContainer(
  parts: EngineParts,
  request: CreateRequest,
): Promise<{ id: string; warnings: string[] }> {
  parts.outputs.getReady();
  const id = randomId();
  const name = request.name
    ? parseContainerName(request.name)
    : randomName(id, parts.table.isNameTaken);
  using _reservation = parts.table.reserve(name, id);
  const record = await composeRecord(parts, request, { id, name });
  const undo = new AsyncDisposableStack();
  try {
    undo.defer(() => parts.snapshots.remove(id));
    const { upperPath } = await parts.snapshots.prepare(id, record.chain);
    writeFileSync(join(upperPath, containerMark), '', { mode: 0o755 });
    const { statePath } = containerPaths(parts.paths, id);
    undo.defer(() => rm(statePath, { recursive: true, force: true }));
    await mkdir(statePath, { recursive: true, mode: 0o710 });
    undo.defer(() => dropVolumes(parts, id));
    const plans = await makeVolumes(parts, id, record.plans);
    await populateVolumes(parts, id, plans);
    parts.table.add({ ...record, plans, mounts: mountPoints(parts, plans) });
  } catch (error) {
    await undo[Symbol.asyncDispose]().catch((cause) =>
      parts.warn(`clear up after container ${id}: ${errorMessage(cause)}`),
    );
    throw error;
  }
  parts.tell(parts.table.find(id), 'create');
  return { id, warnings: [] };
}

/** Checks all that can be checked without touching anything. */
async function composeRecord(
  parts: EngineParts,
  request: CreateRequest,
  { id, name }: { id: string; name: string },
): Promise<ContainerRecord> {
  const image = await parts.images.resolve(request.config.Image);
  const merged = mergeImageConfig(request.config, image.config.config ?? {});
  const runtime = parts.runtimes.get(request.hostConfig.Runtime);
  const hostConfig = withHostDefaults(request.hostConfig, parts.host, runtime.name);
  const config = { ...merged, Hostname: hostnameOf(merged, hostConfig, id) };
  checkSettings(parts, config, hostConfig, { id, name });
  const endpoints = askedEndpoints(hostConfig.NetworkMode ?? '', request.endpoints, {
    macAddress: config.MacAddress,
    nameOf: (network) => networkName(parts, network),
  });
  return {
    id,
    name,
    createdAtMs: parts.now(),
    imageId: image.id,
    chain: image.chain,
    config,
    hostConfig,
    runtime: runtime.name,
    argv: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
    plans: await allPlans(parts, config, hostConfig),
    mounts: [],
    endpoints,
    askedEndpoints: endpoints,
    ports: [],
    restartCount: 0,
    state: { kind: 'created' },
    logPath: logSettings(hostConfig, { config, id, name })
      ? containerPaths(parts.paths, id).logPath
      : '',
    stoppedByUser: false,
    startedBefore: false,
    runs: 0,
  };
}

function hostnameOf({ Hostname }: ContainerConfig, hostConfig: HostConfig, id: string): string {
  if (Hostname) return Hostname;
  if (hostConfig.NetworkMode === 'host') return machineName();
  return hostConfig.NetworkMode?.startsWith('container:') ? '' : shortId(id);
}

/** What would otherwise fail at each start. */
function checkSettings(
  parts: EngineParts,
  config: ContainerConfig,
  hostConfig: HostConfig,
  { id, name }: { id: string; name: string },
): void {
  logSettings(hostConfig, { config, id, name });
  portRequests(config, hostConfig);
  parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const { CapAdd: add = [], CapDrop: drop = [] } = hostConfig;
  containerCapabilities({ add: add ?? [], drop: drop ?? [] }, parts.host.capabilities);
  if (config.StopSignal) parseSignal(config.StopSignal);
}

/** The name of a network given by name or id; one that does not exist fails at start, as Docker's. */
function networkName({ networks }: EngineParts, ref: string): string {
  try {
    return networks.get(ref).name;
  } catch (error) {
    if (errorKind(error) === 'not-found') return ref;
    throw error;
  }
}

/** Asked for, then taken over from other containers, then what the image wants volumes for. */
async function allPlans(
  parts: EngineParts,
  config: ContainerConfig,
  hostConfig: HostConfig,
): Promise<MountPlan[]> {
  const own = planMounts(hostConfig);
  for (const plan of own) {
    if (plan.kind === 'bind' && !plan.createSource) await ensureSource(plan);
  }
  const plans = new Map<string, MountPlan>();
  for (const text of hostConfig.VolumesFrom ?? []) {
    const { container, readOnly } = parseVolumesFrom(text);
    for (const plan of parts.table.find(container).plans) {
      if (plan.kind === 'tmpfs') continue;
      const taken = { ...plan, readOnly: plan.readOnly || readOnly };
      plans.set(
        plan.destination,
        plan.kind === 'volume' ? ({ ...taken, copy: false } as VolumePlan) : taken,
      );
    }
  }
  for (const plan of own) plans.set(plan.destination, plan);
  for (const destination of Object.keys(config.Volumes ?? {})) {
    const [plan] = planMounts({ Binds: [destination] });
    if (plan && !plans.has(plan.destination)) plans.set(plan.destination, { ...plan, mode: '' });
  }
  return [...plans.values()];
}

/** Makes the volumes that do not exist, and notes that the container has them. */
async function makeVolumes(
  { volumes }: EngineParts,
  id: string,
  plans: readonly MountPlan[],
): Promise<MountPlan[]> {
  const made: MountPlan[] = [];
  for (const plan of plans) {
    if (plan.kind !== 'volume') {
      made.push(plan);
      continue;
    }
    const volume = await volumes.create({
      name: plan.name || undefined,
      driver: plan.driver || undefined,
      options: plan.options,
      labels: plan.labels,
      anonymous: plan.name === '',
    });
    volumes.acquire(volume.name, id);
    made.push({ ...plan, name: volume.name, driver: volume.driver });
  }
  return made;
}

async function populateVolumes(
  { snapshots, volumes }: EngineParts,
  id: string,
  plans: readonly MountPlan[],
): Promise<void> {
  const wanted = plans.filter((plan) => plan.kind === 'volume' && plan.copy && plan.subpath === '');
  if (wanted.length === 0) return;
  const snapshot = await snapshots.get(id);
  const rootPath = await snapshot.mount();
  try {
    for (const { name, destination } of wanted as VolumePlan[]) {
      await populateVolume(rootPath, destination, await volumes.mount(name, id));
    }
  } finally {
    await snapshot.unmount();
    await volumes.unmount(id);
  }
}

/** Gives up a container's volumes; the anonymous ones that nobody else has go. */
export async function dropVolumes({ volumes }: EngineParts, id: string): Promise<void> {
  for (const name of volumes.release(id)) await volumes.remove(name);
}

function mountPoints(parts: EngineParts, plans: readonly MountPlan[]): MountPoint[] {
  return plans
    .filter((plan) => !(plan.kind === 'tmpfs' && plan.hidden))
    .map((plan) => mountPoint(parts, plan));
}

function mountPoint({ volumes }: EngineParts, plan: MountPlan): MountPoint {
  const { destination, mode, readOnly } = plan;
  const common = { destination, mode, readWrite: !readOnly };
  switch (plan.kind) {
    case 'bind':
      return { ...common, type: 'bind', source: plan.source, propagation: plan.propagation };
    case 'volume': {
      const { name, driver, mountpoint: source } = volumes.get(plan.name);
      return { ...common, type: 'volume', name, driver, source, propagation: '' };
    }
    case 'tmpfs':
      return { ...common, type: 'tmpfs', source: '', propagation: '' };
  }
}
