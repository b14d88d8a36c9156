import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { invalid, notFound, randomId } from '../../core/index.ts';
import type { ContainerStreams, ExecRequest, TerminalSize } from '../containers/containers.ts';
import type { EngineParts } from '../engine-parts.ts';
import { parseDetachKeys } from '../io/detach-keys.ts';
import { joinStreams } from '../io/join-streams.ts';
import { activeRun, type ExecEntry, execUser, startExecProcess } from './exec-process.ts';

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

/** An exec that is over can be inspected for this long. */
const keptMs = 10 * 60_000;
const sigkill = 9;

/** Additional processes in running containers: `docker exec`, health checks. */
export function createExecs(parts: EngineParts): Execs {
  const entries = new Map<string, ExecEntry>();
  const find = (id: string): ExecEntry => {
    const entry = entries.get(id);
    if (!entry) throw notFound(`No such exec instance: ${id}`);
    return entry;
  };
  const create = (ref: string, request: ExecRequest): ExecEntry => {
    const entry = createEntry(parts, ref, request);
    entries.set(entry.exec.id, entry);
    return entry;
  };
  const forgetLater = (id: string) => {
    const forget = () => entries.delete(id);
    sleep(keptMs, undefined, { ref: false }).then(forget, forget);
  };
  return {
    async createExec(ref, request) {
      const record = parts.table.find(ref);
      activeRun(parts, record);
      if (request.User) await execUser(parts, record, request);
      return { id: create(ref, request).exec.id };
    },
    async startExec(id, stream, options) {
      try {
        await startExec(parts, find(id), stream, options);
      } finally {
        forgetLater(id);
      }
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
    async runExec(ref, request, options) {
      const entry = create(ref, request);
      try {
        return await runToEnd(parts, entry, options);
      } finally {
        forgetLater(entry.exec.id);
      }
    },
    liveIds: (containerId) => [...(parts.runs.get(containerId)?.execs.keys() ?? [])],
    forget(containerId) {
      for (const [id, { exec }] of entries) {
        if (exec.containerId === containerId) entries.delete(id);
      }
    },
  };
}

function createEntry(parts: EngineParts, ref: string, request: ExecRequest): ExecEntry {
  const record = parts.table.find(ref);
  activeRun(parts, record);
  parseDetachKeys(request.DetachKeys ?? '');
  const [height, width] = request.ConsoleSize ?? [];
  const started = Promise.withResolvers<void>();
  started.promise.catch(() => {});
  const id = randomId();
  parts.tell(record, `exec_create: ${request.Cmd.join(' ')}`, { execID: id });
  return {
    exec: { id, containerId: record.id, request, state: { kind: 'created' } },
    size: height && width ? { rows: height, columns: width } : undefined,
    started,
  };
}

async function startExec(
  parts: EngineParts,
  entry: ExecEntry,
  client: Duplex | undefined,
  options: { tty: boolean; detachKeys?: string; size?: TerminalSize },
): Promise<void> {
  const { id, request } = entry.exec;
  const { AttachStdin = false, AttachStdout = false, AttachStderr = false } = request;
  const terminal = request.Tty ?? options.tty;
  const keys = parseDetachKeys(options.detachKeys ?? request.DetachKeys ?? '');
  const process = await startExecProcess(parts, entry, {
    terminal,
    stdin: client !== undefined && AttachStdin,
    size: options.size,
  });
  const released = process.release();
  const output = shared(process.fifos.output);
  if (!client) {
    void output.discardRest();
    return;
  }
  const parting = await joinStreams(
    client,
    { output: output.chunks, input: process.fifos.stdin },
    {
      terminal,
      stdout: AttachStdout,
      stderr: AttachStderr || terminal,
      closesInput: true,
      detachKeys: keys,
    },
  );
  if (parting === 'ended') {
    await released;
    return;
  }
  // The process goes on and must not wait for a reader.
  void output.discardRest();
  const record = parts.table.get(process.run.id);
  if (parting === 'detached' && record) parts.tell(record, 'exec_detach', { execID: id });
}

async function runToEnd(
  parts: EngineParts,
  entry: ExecEntry,
  { mostOutputBytes, signal }: { mostOutputBytes: number; signal: AbortSignal },
): Promise<{ code: number; output: string }> {
  const { id } = entry.exec;
  const process = await startExecProcess(parts, entry, { terminal: false, stdin: false });
  const kill = () => void process.run.shim.task.kill(sigkill, { execId: id }).catch(() => {});
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  const released = process.release();
  const output = await collectStart(process.fifos.output, mostOutputBytes);
  await released;
  signal.removeEventListener('abort', kill);
  return { code: await process.ended, output };
}

/** Lets a first reader stop and another go on. */
function shared<T>(source: AsyncIterable<T>): {
  chunks: AsyncIterable<T>;
  discardRest(): Promise<void>;
} {
  const iterator = source[Symbol.asyncIterator]();
  const chunks = { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) };
  return {
    chunks,
    async discardRest() {
      for await (const _ of chunks);
    },
  };
}

async function collectStart(
  output: AsyncIterable<{ bytes: Uint8Array }>,
  mostBytes: number,
): Promise<string> {
  const kept: Uint8Array[] = [];
  let missing = mostBytes;
  for await (const { bytes } of output) {
    if (missing > 0) kept.push(bytes.subarray(0, missing));
    missing -= bytes.length;
  }
  return Buffer.concat(kept).toString() + (missing < 0 ? '...' : '');
}
