import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { conflict, errorMessage, internal, invalid, notFound, randomId } from '../../core/index.ts';
import { mergeEnvironment } from '../bundle/environment.ts';
import type { OciProcess, OciSpec } from '../bundle/spec.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import type {
  ContainerStreams,
  Exec,
  ExecRequest,
  TerminalSize,
} from '../containers/containers.ts';
import { isAlive } from '../containers/transition.ts';
import type { EngineParts } from '../engine-parts.ts';
import { parseDetachKeys } from '../io/detach-keys.ts';
import { joinStreams } from '../io/join-streams.ts';
import { openProcessFifos, type ProcessFifos } from './process-fifos.ts';
import type { Run } from './run.ts';
import { explainStartFailure } from './start-failure.ts';
import { userInside } from './user-inside.ts';

export type Execs = Pick<
  ContainerStreams,
  'createExec' | 'startExec' | 'resizeExec' | 'getExec'
> & {
  /** Runs a command and gives what it said, the beginning of it; abort kills it. */
  runExec(
    ref: string,
    request: ExecRequest,
    options: { mostOutputBytes: number; signal: AbortSignal },
  ): Promise<{ code: number; output: string }>;
  /** Those of a container that are not over. */
  liveIds(containerId: string): readonly string[];
  /** A container was removed: nobody will ask for its execs. */
  forget(containerId: string): void;
};

interface Entry {
  exec: Exec;
  size: TerminalSize | undefined;
  readonly started: PromiseWithResolvers<void>;
}

/** An exec that is over can be inspected for this long. */
const keptMs = 10 * 60_000;
const longestDrainMs = 2000;
const killedCode = 137;
const couldNotInvoke = 126;
const sigkill = 9;

/** Additional processes in running containers: `docker exec`, health checks. */
export function createExecs(parts: EngineParts): Execs {
  const entries = new Map<string, Entry>();

  function create(ref: string, request: ExecRequest): Entry {
    const record = parts.table.find(ref);
    activeRun(parts, record);
    parseDetachKeys(request.DetachKeys ?? '');
    const [height, width] = request.ConsoleSize ?? [];
    const entry: Entry = {
      exec: { id: randomId(), containerId: record.id, request, state: { kind: 'created' } },
      size: height && width ? { rows: height, columns: width } : undefined,
      started: Promise.withResolvers<void>(),
    };
    entry.started.promise.catch(() => {});
    entries.set(entry.exec.id, entry);
    parts.tell(record, `exec_create: ${request.Cmd.join(' ')}`, { execID: entry.exec.id });
    return entry;
  }

  function find(id: string): Entry {
    const entry = entries.get(id);
    if (!entry) throw notFound(`No such exec instance: ${id}`);
    return entry;
  }

  /** Starts the process; gives its streams and its end. */
  async function start(
    entry: Entry,
    options: { terminal: boolean; stdin: boolean; size?: TerminalSize },
  ): Promise<{ fifos: ProcessFifos; run: Run; ended: Promise<number> }> {
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
      finish(entry, run, code === 128 ? couldNotInvoke : code);
      entry.started.reject(error);
      // The shim keeps what it made for it until told otherwise.
      await run.shim.task.delete(id).catch(() => {});
      throw error;
    }
    return { fifos, run, ended: followToEnd(entry, run) };
  }

  async function followToEnd(entry: Entry, run: Run): Promise<number> {
    const { id, containerId } = entry.exec;
    const { code } = await run.shim.task.wait(id).catch(() => ({ code: killedCode }));
    finish(entry, run, code);
    const record = parts.table.get(containerId);
    if (record) parts.tell(record, 'exec_die', { execID: id, exitCode: String(code) });
    return code;
  }

  function finish(entry: Entry, run: Run, code: number): void {
    entry.exec = { ...entry.exec, state: { kind: 'exited', code } };
    run.execs.delete(entry.exec.id);
    const forget = () => entries.delete(entry.exec.id);
    sleep(keptMs, undefined, { ref: false }).then(forget, forget);
  }

  /** Once the process has ended its output has too, but for what others hold open. */
  async function release(id: string, run: Run, fifos: ProcessFifos, drained: Promise<unknown>) {
    await Promise.race([drained, sleep(longestDrainMs, undefined, { ref: false })]);
    await run.shim.task.delete(id).catch(() => {});
    fifos[Symbol.dispose]();
  }

  return {
    async createExec(ref, request) {
      const record = parts.table.find(ref);
      if (request.User) {
        const { rootPath } = await parts.snapshots.get(record.id);
        userInside(rootPath, request.User, record.hostConfig.GroupAdd ?? []);
      }
      return { id: create(ref, request).exec.id };
    },

    async startExec(id, stream, { tty, detachKeys, size }) {
      const entry = find(id);
      const {
        AttachStdin = false,
        AttachStdout = false,
        AttachStderr = false,
      } = entry.exec.request;
      const terminal = entry.exec.request.Tty ?? tty;
      const keys = parseDetachKeys(detachKeys ?? entry.exec.request.DetachKeys ?? '');
      const stdin = stream !== undefined && AttachStdin;
      const { fifos, run, ended } = await start(entry, { terminal, stdin, size });
      if (!stream) {
        const drained = discard(fifos.output);
        void ended.then(() => release(id, run, fifos, drained));
        return;
      }
      const output = shared(fifos.output);
      const parting = await joinStreams(
        stream,
        { output: output.chunks, input: fifos.stdin },
        {
          terminal,
          stdout: AttachStdout,
          stderr: AttachStderr || terminal,
          closesInput: true,
          detachKeys: keys,
        },
      );
      if (parting === 'detached') {
        const record = parts.table.get(run.id);
        if (record) parts.tell(record, 'exec_detach', { execID: id });
      }
      // Whoever left, the process goes on and must not wait for a reader.
      const drained = parting === 'ended' ? Promise.resolve() : output.discardRest();
      const released = ended.then(() => release(id, run, fifos, drained));
      if (parting === 'ended') await released;
    },

    async resizeExec(id, size) {
      const entry = find(id);
      entry.size = size;
      if (entry.exec.state.kind === 'created') return;
      await entry.started.promise;
      const { state, containerId } = entry.exec;
      if (state.kind === 'exited') throw invalid('exec process is not started');
      await parts.runs.get(containerId)?.shim.task.resize(size, id);
    },

    getExec: (id) => find(id).exec,

    async runExec(ref, request, { mostOutputBytes, signal }) {
      const entry = create(ref, request);
      const { id } = entry.exec;
      const { fifos, run, ended } = await start(entry, { terminal: false, stdin: false });
      const kill = () => void run.shim.task.kill(sigkill, { execId: id }).catch(() => {});
      signal.addEventListener('abort', kill, { once: true });
      if (signal.aborted) kill();
      const collected = collectStart(fifos.output, mostOutputBytes);
      const code = await ended;
      signal.removeEventListener('abort', kill);
      await release(id, run, fifos, collected.done);
      return { code, output: collected.text() };
    },

    liveIds: (containerId) => [...(parts.runs.get(containerId)?.execs.keys() ?? [])],

    forget(containerId) {
      for (const [id, { exec }] of entries) {
        if (exec.containerId === containerId) entries.delete(id);
      }
    },
  };
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
function activeRun(parts: EngineParts, { id, state }: ContainerRecord): Run {
  if (state.kind === 'restarting') {
    throw conflict(`Container ${id} is restarting, wait until the container is running`);
  }
  if (state.kind === 'paused' || parts.runs.get(id)?.isPausing) {
    throw conflict(`Container ${id} is paused, unpause the container before exec`);
  }
  const run = parts.runs.get(id);
  if (!run || run.over.signal.aborted || !isAlive(state))
    throw conflict(`container ${id} is not running`);
  return run;
}

/** The container's own process with what the exec changes. Throws `invalid` for an unknown user. */
async function processOf(
  parts: EngineParts,
  record: ContainerRecord,
  run: Run,
  { exec, size }: Entry,
  terminal: boolean,
): Promise<OciProcess> {
  const { request } = exec;
  const text = await readFile(join(run.paths.bundlePath, 'config.json'), 'utf8');
  const { process } = JSON.parse(text) as OciSpec;
  const { rootPath } = await parts.snapshots.get(record.id);
  const groups = record.hostConfig.GroupAdd ?? [];
  const user = request.User ? userInside(rootPath, request.User, groups) : process.user;
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

function withTerminal(env: readonly string[], terminal: boolean): readonly string[] {
  if (!terminal) return env.filter((entry) => entry !== 'TERM=xterm');
  return env.some((entry) => entry.startsWith('TERM=')) ? env : [...env, 'TERM=xterm'];
}

function wordExecError(error: unknown): Error {
  const message = errorMessage(error);
  const isRuntime = message.startsWith('OCI runtime');
  return isRuntime ? internal(`${message}: unknown`, { cause: error }) : (error as Error);
}

async function discard(output: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of output);
}

/** Lets a first reader stop and another go on. */
function shared<T>(source: AsyncIterable<T>): {
  chunks: AsyncIterable<T>;
  discardRest(): Promise<void>;
} {
  const iterator = source[Symbol.asyncIterator]();
  const next = { next: () => iterator.next() };
  return {
    chunks: { [Symbol.asyncIterator]: () => next },
    discardRest: () => discard({ [Symbol.asyncIterator]: () => next }),
  };
}

function collectStart(
  output: AsyncIterable<{ bytes: Uint8Array }>,
  mostBytes: number,
): { done: Promise<void>; text(): string } {
  const kept: Uint8Array[] = [];
  let missing = mostBytes;
  const done = (async () => {
    for await (const { bytes } of output) {
      if (missing > 0) kept.push(bytes.subarray(0, missing));
      missing -= bytes.length;
    }
  })();
  const text = () => Buffer.concat(kept).toString() + (missing < 0 ? '...' : '');
  return { done, text };
}
