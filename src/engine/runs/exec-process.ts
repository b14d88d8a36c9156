import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { conflict, errorMessage, internal } from '../../core/index.ts';
import { mergeEnvironment } from '../bundle/environment.ts';
import type { OciProcess, OciSpec } from '../bundle/spec.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import type { Exec, ExecRequest, TerminalSize } from '../containers/containers.ts';
import { notRunning } from '../containers/transition.ts';
import type { EngineParts } from '../engine-parts.ts';
import { openProcessFifos, type ProcessFifos } from './process-fifos.ts';
import { aliveRun, type Run } from './run.ts';
import { explainStartFailure } from './start-failure.ts';
import { userInside } from './user-inside.ts';

/** An exec as it stands, and what the next steps of it need. */
export interface ExecEntry {
  exec: Exec;
  size: TerminalSize | undefined;
  /** Settles when its process has been started, or could not be. */
  readonly started: PromiseWithResolvers<void>;
}

/** A process that runs, its streams, and its end. */
export interface ExecProcess {
  readonly run: Run;
  readonly fifos: ProcessFifos;
  /** The exit code; its output may still be on the way. */
  readonly ended: Promise<number>;
  /** Lets go of process and fifos once it has ended and its output was had. */
  release(): Promise<void>;
}

/** Output that others hold open is waited for this long after the process has ended. */
const longestQuietMs = 2000;
const killedCode = 137;
const couldNotInvoke = 126;
const unknownFailure = 128;

/** Starts the process of an exec. Throws in Docker's words, `conflict` when it was started before. */
export async function startExecProcess(
  parts: EngineParts,
  entry: ExecEntry,
  options: { terminal: boolean; stdin: boolean; size?: TerminalSize },
): Promise<ExecProcess> {
  const { id, containerId, state, request } = entry.exec;
  if (state.kind === 'running') throw conflict(`exec command ${id} is already running`);
  if (state.kind === 'exited') throw conflict(`exec command ${id} has already run`);
  const record = parts.table.find(containerId);
  const run = activeRun(parts, record);
  entry.size = options.size ?? entry.size;
  const fifos = openProcessFifos(run.paths.bundlePath, id, {
    ...options,
    closeAtShim: () => run.shim.task.closeStdin(id),
  });
  entry.exec = { ...entry.exec, state: { kind: 'running', pid: 0 } };
  run.execs.set(id, entry.exec);
  parts.tell(record, `exec_start: ${request.Cmd.join(' ')}`, { execID: id });
  try {
    const process = await processOf(parts, record, run, entry, options.terminal);
    const begin = async () => {
      await run.shim.task.exec({ execId: id, stdio: fifos.stdio, process });
      return run.shim.task.start(id);
    };
    activeRun(parts, parts.table.find(containerId));
    const { pid } = await noting(run.execStarts, begin());
    fifos.started();
    entry.exec = { ...entry.exec, state: { kind: 'running', pid } };
    run.execs.set(id, entry.exec);
    entry.started.resolve();
  } catch (failure) {
    fifos[Symbol.dispose]();
    const { code, error } = explainStartFailure(wordExecError(failure));
    noteEnd(entry, run, code === unknownFailure ? couldNotInvoke : code);
    entry.started.reject(error);
    // The shim keeps what it made for it until told otherwise.
    await run.shim.task.delete(id).catch(() => {});
    throw error;
  }
  const ended = followToEnd(parts, entry, run);
  return { run, fifos, ended, release: () => release(id, run, fifos, ended) };
}

async function followToEnd(parts: EngineParts, entry: ExecEntry, run: Run): Promise<number> {
  const { id, containerId } = entry.exec;
  const { code } = await run.shim.task.wait(id).catch(() => ({ code: killedCode }));
  noteEnd(entry, run, code);
  const record = parts.table.get(containerId);
  if (record) parts.tell(record, 'exec_die', { execID: id, exitCode: String(code) });
  return code;
}

function noteEnd(entry: ExecEntry, run: Run, code: number): void {
  entry.exec = { ...entry.exec, state: { kind: 'exited', code } };
  run.execs.delete(entry.exec.id);
}

async function release(
  id: string,
  run: Run,
  fifos: ProcessFifos,
  ended: Promise<number>,
): Promise<void> {
  await ended;
  await fifos.quiet(longestQuietMs);
  // The shim closes its ends, also where a child of the process still holds the other side.
  await run.shim.task.delete(id).catch(() => {});
  await fifos.quiet(longestQuietMs);
  fifos[Symbol.dispose]();
}

/** Keeps the work in the set until it is over. */
async function noting<T>(set: Set<Promise<unknown>>, work: Promise<T>): Promise<T> {
  set.add(work);
  try {
    return await work;
  } finally {
    set.delete(work);
  }
}

/** The run of a container that can take another process. Throws `conflict` in Docker's words. */
export function activeRun(parts: EngineParts, record: ContainerRecord): Run {
  const { id, state } = record;
  if (state.kind === 'restarting') {
    throw conflict(`Container ${id} is restarting, wait until the container is running`);
  }
  if (state.kind === 'paused' || parts.runs.get(id)?.isPausing) {
    throw conflict(`Container ${id} is paused, unpause the container before exec`);
  }
  const run = aliveRun(parts, record);
  if (run.over.signal.aborted) throw notRunning(id);
  return run;
}

/** The container's own process with what the exec changes. Throws `invalid` for an unknown user. */
async function processOf(
  parts: EngineParts,
  record: ContainerRecord,
  run: Run,
  { exec, size }: ExecEntry,
  terminal: boolean,
): Promise<OciProcess> {
  const { request } = exec;
  const text = await readFile(join(run.paths.bundlePath, 'config.json'), 'utf8');
  const { process } = JSON.parse(text) as OciSpec;
  const user = request.User ? await execUser(parts, record, request) : process.user;
  const all = parts.host.capabilities;
  return {
    ...process,
    terminal,
    consoleSize: terminal && size ? { height: size.rows, width: size.columns } : undefined,
    args: request.Cmd,
    env: mergeEnvironment(withTerminal(process.env, terminal), request.Env ?? []),
    cwd: request.WorkingDir || record.config.WorkingDir || '/',
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    ...(request.Privileged && {
      capabilities: { bounding: all, effective: all, permitted: all },
    }),
  };
}

/** The user an exec asks for. Throws `invalid` when the container does not know it. */
export async function execUser(
  { snapshots }: Pick<EngineParts, 'snapshots'>,
  { id, hostConfig }: ContainerRecord,
  { User = '' }: ExecRequest,
) {
  const { rootPath } = await snapshots.get(id);
  return userInside(rootPath, User, hostConfig.GroupAdd ?? []);
}

function withTerminal(env: readonly string[], terminal: boolean): readonly string[] {
  if (!terminal) return env.filter((entry) => entry !== 'TERM=xterm');
  return env.some((entry) => entry.startsWith('TERM=')) ? env : [...env, 'TERM=xterm'];
}

function wordExecError(error: unknown): Error {
  const message = errorMessage(error);
  const isRuntime = message.startsWith('OCI runtime');
  return isRuntime ? internal(`${message}: unknown`, { cause: error }) : (error as Error);
}
