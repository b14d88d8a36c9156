import { mkdir } from 'node:fs/promises';
import { conflict, errorMessage, invalid } from '../../core/index.ts';
import { mountFlags, mountOld } from '../../linux/index.ts';
import type { NamespaceChoice, NamespaceChoices } from '../bundle/build-bundle.ts';
import type { BundleMount } from '../bundle/mounts.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import { isAlive } from '../containers/transition.ts';
import { type ContainerPaths, containerPaths, type EngineParts } from '../engine-parts.ts';

/** The container named by a mode such as `container:web`; undefined for every other mode. */
export function joinedContainer(mode: string | undefined): string | undefined {
  return mode?.startsWith('container:') ? mode.slice('container:'.length) : undefined;
}

/**
 * Which namespaces a container has for itself, shares with the machine, or with another container,
 * which must run. Throws `invalid` for a mode nobody knows, `conflict` for one that does not run.
 */
export function chooseNamespaces(
  parts: Pick<EngineParts, 'table' | 'host'>,
  { hostConfig }: ContainerRecord,
  networkPath: string,
): NamespaceChoices {
  const { NetworkMode, IpcMode = '', PidMode = '', UTSMode = '', CgroupnsMode = '' } = hostConfig;
  const of = (type: string, mode: string, own: readonly string[]): NamespaceChoice => {
    const other = joinedContainer(mode);
    if (other !== undefined) return { path: `/proc/${processOf(parts, other)}/ns/${type}` };
    if (mode === 'host') return 'host';
    if (own.includes(mode)) return 'own';
    throw invalid(`invalid ${type.toUpperCase()} mode: ${mode}`);
  };
  const network =
    NetworkMode === 'host'
      ? 'host'
      : joinedContainer(NetworkMode) === undefined && networkPath !== ''
        ? { path: networkPath }
        : of('net', NetworkMode ?? '', [NetworkMode ?? '']);
  const cgroupDefault = parts.host.cgroupVersion === 2 ? 'private' : 'host';
  return {
    network,
    ipc: of('ipc', IpcMode, ['', 'private', 'shareable', 'none']),
    pid: of('pid', PidMode, ['', 'private']),
    uts: of('uts', UTSMode, ['']),
    cgroup: of('cgroup', CgroupnsMode || cgroupDefault, ['private']),
  };
}

function processOf({ table }: Pick<EngineParts, 'table'>, ref: string): number {
  const { id, state } = table.find(ref);
  if (state.kind === 'restarting') {
    throw conflict(`Container ${id} is restarting, wait until the container is running`);
  }
  if (!isAlive(state))
    throw conflict(
      `cannot join namespace of a non running container: container ${id} is not running`,
    );
  return state.pid;
}

/**
 * The mounts of shared memory that a mode asks for: the machine's, another container's, or one that
 * others may join, which is made here and has to be unmounted from `shmPath` afterwards.
 */
export async function shareMemory(
  parts: EngineParts,
  { hostConfig }: ContainerRecord,
  { shmPath }: ContainerPaths,
): Promise<BundleMount[]> {
  const { IpcMode = '', ShmSize } = hostConfig;
  const bind = (source: string): BundleMount => ({
    kind: 'bind',
    source,
    destination: '/dev/shm',
    readOnly: false,
    propagation: 'rprivate',
  });
  if (IpcMode === 'host') return [bind('/dev/shm')];
  const other = joinedContainer(IpcMode);
  if (other !== undefined) {
    const donor = parts.table.find(other);
    if (donor.hostConfig.IpcMode !== 'shareable') {
      throw invalid(
        `failed to join IPC namespace: container ${donor.id}: non-shareable IPC ` +
          '(hint: use IpcMode:shareable for the donor container)',
      );
    }
    return [bind(containerPaths(parts.paths, donor.id).shmPath)];
  }
  if (IpcMode !== 'shareable') return [];
  await mkdir(shmPath, { recursive: true, mode: 0o700 });
  const { noExec, noSuid, noDev } = mountFlags;
  const data = `mode=1777,size=${ShmSize ?? 0}`;
  try {
    const flags = noExec | noSuid | noDev;
    await mountOld({ source: 'shm', target: shmPath, type: 'tmpfs', flags, data });
  } catch (cause) {
    throw invalid(`mounting shm tmpfs: ${errorMessage(cause)}`, { cause });
  }
  return [bind(shmPath)];
}
