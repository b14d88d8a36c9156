import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../core/index.ts';
import type { OciSpec } from '../bundle/spec.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import { restartsWithDaemon } from '../containers/restart-policy.ts';
import { exitOf, isAlive } from '../containers/transition.ts';
import { containerPaths, type EngineParts } from '../engine-parts.ts';
import { namesIn } from '../files/names-in.ts';
import { connectShim, type Shim } from '../runtime/shim.ts';
import type { TaskStatus } from '../runtime/task-service.ts';
import { clearRun, shimOptions } from './clear-run.ts';
import { volumeNames } from './mount-sources.ts';
import { endpointRequest } from './network-setup.ts';
import { createRun } from './run-of.ts';
import { outputOptions } from './start-run.ts';
import { watchRun } from './watch-run.ts';

/** What Docker shows for a container whose end nobody saw, after a reboot. */
const unseenEndCode = 255;

/** What the engine still has to do for containers that do not run, once all else is in place. */
export interface Unfinished {
  readonly toRemove: readonly string[];
  readonly toStart: readonly string[];
}

interface Found {
  readonly record: ContainerRecord;
  readonly shim: Shim;
  readonly status: TaskStatus;
}

/**
 * After a daemon start: takes over the containers whose processes went on, with their output and the
 * exits that nobody saw, and clears away what others left. To be called once, before anything starts.
 */
export async function adoptRuns(parts: EngineParts): Promise<Unfinished> {
  const alive = parts.table.list().filter(({ state }) => isAlive(state));
  const found = (await Promise.all(alive.map((record) => findShim(parts, record)))).filter(
    (each) => each !== undefined,
  );
  await parts.networks.adopt(found.flatMap(({ record }) => established(record)));
  await parts.volumes.adopt(
    found.map(({ record }) => ({
      containerId: record.id,
      volumes: volumeNames(record.plans),
    })),
  );
  const kept = new Set(await Promise.all(found.map((each) => takeOverOrGiveUp(parts, each))));
  const lost = alive.filter(({ id }) => !kept.has(id));
  // Before anything is cleared: an engine that ended half-way did not note how these ended.
  for (const record of lost) noteUnseenEnd(parts, record);
  const ended = parts.table.list().filter(({ id, state }) => !kept.has(id) && !isAlive(state));
  await clearLeftovers(parts, kept);
  return unfinished(ended);
}

/** The shim of a container that ought to run; undefined when it is gone, or knows nothing of it. */
async function findShim(parts: EngineParts, record: ContainerRecord): Promise<Found | undefined> {
  let shim: Shim | undefined;
  try {
    shim = await connectShim(shimOptions(parts, record));
    const { status } = await shim.task.state();
    if (status === 'created' || status === 'unknown') throw new Error(`is ${status}`);
    return { record, shim, status };
  } catch (error) {
    // Of one whose end was seen the shim is expected to be gone.
    if (!record.seenExit) parts.warn(`adopt container ${record.id}: ${errorMessage(error)}`);
    shim?.[Symbol.dispose]();
    return undefined;
  }
}

function established(record: ContainerRecord) {
  const request = endpointRequest(record);
  return request && record.network ? [{ ...request, established: record.network }] : [];
}

/** Gives the container's id, undefined for one that cannot be taken over: it keeps nobody else. */
async function takeOverOrGiveUp(parts: EngineParts, found: Found): Promise<string | undefined> {
  const { id } = found.record;
  try {
    await takeOver(parts, found);
    return id;
  } catch (error) {
    parts.warn(`adopt container ${id}: ${errorMessage(error)}`);
    found.shim[Symbol.dispose]();
    return undefined;
  }
}

async function takeOver(parts: EngineParts, { record, shim, status }: Found): Promise<void> {
  const { id, state } = record;
  const { bundlePath } = containerPaths(parts.paths, id);
  const spec = JSON.parse(await readFile(join(bundlePath, 'config.json'), 'utf8')) as OciSpec;
  // Opened also for one that has ended: its last words are still in the fifos.
  await parts.outputs.open(outputOptions(parts, record, { resume: true }));
  const run = createRun(parts, {
    record,
    shim,
    cgroupPath: spec.linux.cgroupsPath,
    delayBeforeMs: 0,
  });
  run.isStoppedByUser = record.stoppedByUser;
  parts.runs.set(id, run);
  if (state.kind === 'running' && status === 'paused') parts.table.apply(id, { kind: 'paused' });
  if (state.kind === 'paused' && status === 'running') parts.table.apply(id, { kind: 'unpaused' });
  watchRun(parts, run, shim.task.wait());
  // Nobody is to see it running once this daemon answers.
  if (status === 'stopped') await run.ended;
}

/** How a container ended whose clearing up was cut short, or that nobody saw end. */
function noteUnseenEnd(parts: EngineParts, { id, state, seenExit }: ContainerRecord): void {
  if (!isAlive(state)) return;
  const exit = {
    code: seenExit?.code ?? unseenEndCode,
    startedAtMs: state.startedAtMs,
    finishedAtMs: seenExit?.atMs || parts.now(),
    oomKilled: seenExit?.oomKilled ?? false,
  };
  const { askedEndpoints } = parts.table.find(id);
  parts.table.apply(
    id,
    { kind: 'exited', exit, willRestart: false },
    { network: undefined, ports: [], endpoints: askedEndpoints, seenExit: undefined },
  );
}

/** Removes what belongs to no container that runs: half-made starts, ends cut short, old journals. */
async function clearLeftovers(
  parts: EngineParts,
  kept: ReadonlySet<string | undefined>,
): Promise<void> {
  const { rootPath, runPath } = parts.paths;
  for (const id of await namesIn(join(runPath, 'containers'))) {
    if (kept.has(id)) continue;
    const of = parts.table.get(id) ?? { id, runtime: '' };
    await clearRun(parts, of).catch((error) =>
      parts.warn(`clear up after container ${id}: ${errorMessage(error)}`),
    );
  }
  for (const id of await namesIn(join(rootPath, 'containers'))) {
    const { statePath, journalsPath } = containerPaths(parts.paths, id);
    if (!parts.table.get(id)) await rm(statePath, { recursive: true, force: true });
    else if (!kept.has(id)) await rm(journalsPath, { recursive: true, force: true });
  }
}

function unfinished(ended: readonly ContainerRecord[]): Unfinished {
  const toRemove = ended.filter(
    ({ state, hostConfig, startedBefore }) =>
      state.kind === 'removing' || (hostConfig.AutoRemove === true && startedBefore),
  );
  const toStart = ended.filter(
    ({ state, hostConfig, stoppedByUser: stopped, restartCount, startedBefore }) =>
      startedBefore &&
      (state.kind === 'exited' || state.kind === 'restarting') &&
      restartsWithDaemon(hostConfig.RestartPolicy, {
        exitCode: exitOf(state)?.code ?? 0,
        stoppedByUser: stopped,
        restartCount,
      }),
  );
  return { toRemove: toRemove.map(({ id }) => id), toStart: toStart.map(({ id }) => id) };
}
