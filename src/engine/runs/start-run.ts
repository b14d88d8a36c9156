import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorMessage, internal } from '../../core/index.ts';
import { buildBundle } from '../bundle/build-bundle.ts';
import { type DeviceGrant, findDevices, hostDevices } from '../bundle/devices.ts';
import type { BundleMount } from '../bundle/mounts.ts';
import type { OciSpec } from '../bundle/spec.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import { exitOf } from '../containers/transition.ts';
import { containerPaths, type EngineParts } from '../engine-parts.ts';
import type { OpenOptions } from '../io/output/messages.ts';
import type { ContainerNetwork } from '../network/networks.ts';
import { type Shim, startShim } from '../runtime/shim.ts';
import { type BundleFolder, makeBundleFolder, releaseHeld } from './bundle-folder.ts';
import { clearRun, settleAll, shimOptions } from './clear-run.ts';
import { logSettings } from './log-settings.ts';
import { mountSources } from './mount-sources.ts';
import { chooseNamespaces, shareMemory } from './namespaces.ts';
import { endpointRequest, writeNetworkFiles } from './network-setup.ts';
import type { Run } from './run.ts';
import { createRun } from './run-of.ts';
import { explainStartFailure } from './start-failure.ts';
import { userInside } from './user-inside.ts';
import { watchRun } from './watch-run.ts';

/**
 * Runs a container's program. On failure everything made for it is undone, the record tells why, and
 * the error is in Docker's words. The caller holds the container's turn.
 */
export async function startRun(
  parts: EngineParts,
  id: string,
  { delayBeforeMs }: { delayBeforeMs: number },
): Promise<void> {
  const record = parts.table.find(id);
  const made: { shim?: Shim } = {};
  try {
    const surroundings = await prepare(parts, record, made);
    await launch(parts, record, { ...surroundings, delayBeforeMs });
  } catch (failure) {
    await clearRun(parts, record, made.shim).catch((error) =>
      parts.warn(`clear up after container ${id}: ${errorMessage(error)}`),
    );
    throw noteFailure(parts, record, failure);
  }
}

/** All that surrounds the process and takes its time to make, independent parts side by side. */
interface Surroundings {
  readonly folder: BundleFolder;
  readonly shim: Shim;
  readonly rootPath: string;
  readonly network: ContainerNetwork | undefined;
  readonly mounts: readonly BundleMount[];
}

async function prepare(
  parts: EngineParts,
  record: ContainerRecord,
  made: { shim?: Shim },
): Promise<Surroundings> {
  const { id, config } = record;
  const paths = containerPaths(parts.paths, id);
  const terminal = config.Tty === true;
  // Throws for one that is not configured any more.
  parts.runtimes.get(record.runtime);
  const folder = await makeBundleFolder(paths.bundlePath, {
    terminal,
    openStdin: config.OpenStdin === true,
  });
  const result: { rootPath?: string; network?: ContainerNetwork; mounts?: BundleMount[] } = {};
  const request = endpointRequest(record);
  try {
    await settleAll([
      startShim({ ...shimOptions(parts, record), heldFds: folder.heldFds }).then((shim) => {
        made.shim = shim;
      }),
      parts.snapshots
        .get(id)
        .then((snapshot) => snapshot.mount())
        .then((rootPath) => {
          result.rootPath = rootPath;
        }),
      request
        ? setUpNetwork(parts, request).then((network) => {
            result.network = network;
          })
        : Promise.resolve(),
      Promise.all([mountSources(parts, record), shareMemory(parts, record, paths)]).then(
        ([own, memory]) => {
          result.mounts = [...own, ...memory];
        },
      ),
      mkdir(dirname(paths.logPath), { recursive: true, mode: 0o700 }).then(() =>
        parts.outputs.open(outputOptions(parts, record, { resume: false })),
      ),
    ]);
  } finally {
    releaseHeld(folder);
  }
  return {
    folder,
    shim: made.shim!,
    rootPath: result.rootPath!,
    network: result.network,
    mounts: result.mounts!,
  };
}

async function setUpNetwork(
  parts: EngineParts,
  request: NonNullable<ReturnType<typeof endpointRequest>>,
): Promise<ContainerNetwork> {
  try {
    return await parts.networks.setUp(request);
  } catch (error) {
    throw explainStartFailure(error, 'failed to set up container networking: ').error;
  }
}

/** How the output of a container's run is taken; the next run when none is going on. */
export function outputOptions(
  parts: EngineParts,
  record: ContainerRecord,
  { resume }: { resume: boolean },
): OpenOptions {
  const { id, config, hostConfig, runs } = record;
  const { bundlePath, journalsPath, logPath } = containerPaths(parts.paths, id);
  const log = logSettings(hostConfig, record);
  const run = resume ? runs : runs + 1;
  const stdout = join(bundlePath, 'stdout');
  const stderr = join(bundlePath, 'stderr');
  return {
    id,
    fifos: config.Tty ? { stdout } : { stdout, stderr },
    journalPath: join(journalsPath, String(run)),
    ...(log && { log: { ...log, path: logPath } }),
    resume,
  };
}

/** Creates the process, joins who waited for it, and lets it go. */
async function launch(
  parts: EngineParts,
  record: ContainerRecord,
  made: Surroundings & { delayBeforeMs: number },
): Promise<void> {
  const { id } = record;
  const { shim, folder, network, delayBeforeMs } = made;
  const spec = await writeSpec(parts, record, made);
  const { options } = parts.runtimes.get(record.runtime);
  try {
    await shim.task.create({
      bundlePath: folder.path,
      stdio: folder.stdio,
      runtimeOptions: options,
    });
  } catch (error) {
    throw shimError(error);
  }
  const run = createRun(parts, { record, shim, cgroupPath: spec.linux.cgroupsPath, delayBeforeMs });
  const ending = shim.task.wait();
  // Looked at only after the start; a shim that dies before that fails the start too.
  ending.catch(() => {});
  await joinWaiting(parts, run);
  const { pid } = await shim.task.start().catch((error) => {
    throw shimError(error);
  });
  parts.runs.set(id, run);
  const started = parts.table.apply(
    id,
    { kind: 'started', pid, startedAtMs: parts.now() },
    {
      runs: record.runs + 1,
      startedBefore: true,
      network,
      ports: network?.ports ?? [],
      endpoints: { ...record.askedEndpoints, ...network?.endpoints },
      health: undefined,
    },
  );
  parts.tell(started, 'start');
  watchRun(parts, run, ending);
}

async function writeSpec(
  parts: EngineParts,
  record: ContainerRecord,
  { folder, rootPath, network, mounts }: Surroundings,
): Promise<OciSpec> {
  const { config, hostConfig } = record;
  const identity = await writeNetworkFiles(parts, record, network);
  const taken = new Set(mounts.map(({ destination }) => destination));
  const files = identity.mounts.filter(({ destination }) => !taken.has(destination));
  const spec = buildBundle({
    container: record,
    rootPath,
    mounts: [...files, ...mounts],
    namespaces: chooseNamespaces(parts, record, network?.namespacePath ?? ''),
    user: userInside(rootPath, config.User ?? '', hostConfig.GroupAdd ?? []),
    devices: devicesOf(record),
    hostname: identity.hostname,
    linkEnvironment: identity.linkEnvironment,
    systemdCgroup: parts.runtimes.get(record.runtime).systemdCgroup,
    host: parts.host,
  });
  await writeFile(join(folder.path, 'config.json'), JSON.stringify(spec));
  return spec;
}

function devicesOf({ hostConfig }: ContainerRecord): DeviceGrant[] {
  const asked = hostConfig.Devices ?? [];
  if (!hostConfig.Privileged) return asked.flatMap(findDevices);
  const all = hostDevices().map((device) => ({ device, access: 'rwm' }));
  const renamed = asked.filter((device) => device.PathOnHost !== device.PathInContainer);
  return [...all, ...renamed.flatMap(findDevices)];
}

/** Those who attached before there was anything to attach to. */
async function joinWaiting(parts: EngineParts, run: Run): Promise<void> {
  const waiting = parts.joiners.get(run.id);
  if (!waiting) return;
  parts.joiners.delete(run.id);
  await settleAll([...waiting].map((join) => join(run)));
}

function shimError(error: unknown): Error {
  const context = 'failed to create task for container: failed to create shim task: ';
  const message = errorMessage(error);
  return internal(`${context}${message}${message.endsWith(': unknown') ? '' : ': unknown'}`, {
    cause: error,
  });
}

function noteFailure(parts: EngineParts, record: ContainerRecord, failure: unknown): Error {
  const { code, error } = explainStartFailure(failure);
  const before = exitOf(record.state);
  const exit = {
    code,
    startedAtMs: before?.startedAtMs ?? 0,
    finishedAtMs: before?.finishedAtMs ?? 0,
    oomKilled: false,
    error: error.message,
  };
  parts.table.apply(record.id, { kind: 'start-failed', exit });
  return error;
}
