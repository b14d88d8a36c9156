import { fstatSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoCode, errorMessage, invalid, makeDirectories } from '../../core/index.ts';
import {
  bindMount,
  check,
  closeFd,
  cwdFd,
  openAt,
  openInRoot,
  pathOnly,
  systemError,
} from '../../linux/index.ts';
import type { BundleMount } from '../bundle/mounts.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import type { BindPlan, MountPlan, VolumePlan } from '../containers/mounts/mount-plan.ts';
import { containerPaths, type EngineParts } from '../engine-parts.ts';

/** Kernels from this one on can make a whole tree of mounts read-only. */
const recursiveReadOnlySince = [5, 12] as const;

/** Finds or makes the source of every mount. Throws `invalid` in Docker's words for a missing one. */
export async function mountSources(
  parts: EngineParts,
  record: ContainerRecord,
): Promise<BundleMount[]> {
  const canReadOnlyRecursively = supportsRecursiveReadOnly(parts, record.runtime);
  return Promise.all(
    record.plans.map(async (plan) => {
      switch (plan.kind) {
        case 'tmpfs':
          return { kind: 'tmpfs', destination: plan.destination, options: plan.options };
        case 'volume':
          return volumeMount(parts, record, plan);
        case 'bind':
          return bindMountOf(plan, canReadOnlyRecursively);
      }
    }),
  );
}

function supportsRecursiveReadOnly({ host, runtimes }: EngineParts, runtime: string): boolean {
  const [major, minor] = host.kernel;
  const [sinceMajor, sinceMinor] = recursiveReadOnlySince;
  const isNewEnough = major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
  // Others may not know the option and would refuse the whole container.
  return isNewEnough && runtimes.get(runtime).ociBinary === 'runc';
}

async function volumeMount(
  { volumes, paths }: EngineParts,
  { id, plans }: ContainerRecord,
  plan: VolumePlan,
): Promise<BundleMount> {
  const { name, destination, readOnly, subpath } = plan;
  const bind = (source: string): BundleMount => ({
    kind: 'bind',
    source,
    destination,
    readOnly,
    propagation: 'rprivate',
  });
  const root = await volumes.mount(name, id);
  if (subpath === '') return bind(root);
  const { bundlePath } = containerPaths(paths, id);
  const target = join(bundlePath, 'subpaths', String(plans.indexOf(plan)));
  await bindInsideVolume(root, subpath, target);
  return bind(target);
}

/**
 * Binds a folder of a volume into the bundle. Found and held by a descriptor, inside the volume only:
 * another container that has the volume could change a path between its check and its use.
 */
async function bindInsideVolume(root: string, subpath: string, target: string): Promise<void> {
  const rootFd = check(openAt(cwdFd, root, pathOnly), 'open', root);
  const fd = openInRoot(rootFd, subpath, pathOnly);
  closeFd(rootFd);
  if (fd < 0) {
    const cause = systemError(fd, 'openat2', subpath);
    throw invalid(`cannot access path ${join(root, subpath)}: ${cause.message}`, { cause });
  }
  try {
    if (fstatSync(fd).isDirectory()) await mkdir(target, { recursive: true, mode: 0o700 });
    else {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await writeFile(target, '');
    }
    bindMount(`/proc/self/fd/${fd}`, target, { recursive: true });
  } finally {
    closeFd(fd);
  }
}

async function bindMountOf(plan: BindPlan, canReadOnlyRecursively: boolean): Promise<BundleMount> {
  const { source, destination, readOnly, propagation, nonRecursive, readOnlyRecursive } = plan;
  await ensureSource(plan);
  if (readOnlyRecursive === 'always' && !canReadOnlyRecursively) {
    throw invalid('recursive read-only mounts are not supported by the kernel or the runtime');
  }
  return {
    kind: 'bind',
    source,
    destination,
    readOnly,
    propagation,
    nonRecursive,
    readOnlyRecursive: readOnlyRecursive !== 'never' && canReadOnlyRecursively,
  };
}

/** As at create: `-v` makes a missing folder, `--mount` refuses. */
export async function ensureSource({ source, createSource }: BindPlan): Promise<void> {
  try {
    await stat(source);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
    if (!createSource) {
      throw invalid(
        `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      );
    }
    await makeDirectories(source, 0o755).catch((cause) => {
      throw invalid(`error while creating mount source path '${source}': ${errorMessage(cause)}`, {
        cause,
      });
    });
  }
}

/** Names of the volumes a container has. */
export function volumeNames(plans: readonly MountPlan[]): string[] {
  return plans.flatMap((plan) => (plan.kind === 'volume' ? [plan.name] : []));
}
