import { errorKind, type Message } from '../../core/index.ts';
import * as messages from './task-messages.ts';
import type { TtrpcClient } from './ttrpc-client.ts';

const service = 'containerd.task.v2.Task';

/** How a process ended; a signal shows as 128 + its number. */
export interface ProcessExit {
  readonly code: number;
  readonly atMs: number;
}

export type TaskStatus = 'unknown' | 'created' | 'running' | 'stopped' | 'paused' | 'pausing';
const statuses: readonly TaskStatus[] = [
  'unknown',
  'created',
  'running',
  'stopped',
  'paused',
  'pausing',
];

/** Paths of the fifos of a process; '' for a stream it does not have. */
export interface ProcessStdio {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

/**
 * The calls of one container's shim. `execId` names an additional process; '' is the container's
 * own. Every call rejects with the kind of the runtime's status, or `unavailable` when the shim has
 * gone; messages are the runtime's own.
 */
export interface TaskService {
  create(options: {
    bundlePath: string;
    stdio: ProcessStdio;
    runtimeOptions: messages.Any;
  }): Promise<{ pid: number }>;
  start(execId?: string): Promise<{ pid: number }>;
  /** Resolves when the process has exited, at once when it has before. */
  wait(execId?: string, signal?: AbortSignal): Promise<ProcessExit>;
  state(execId?: string): Promise<{ status: TaskStatus; pid: number; exit: ProcessExit }>;
  kill(signal: number, options?: { execId?: string; all?: boolean }): Promise<void>;
  /** Releases what the runtime holds of an exited process. */
  delete(execId?: string): Promise<ProcessExit>;
  /** `process` is an OCI Process object. */
  exec(options: { execId: string; stdio: ProcessStdio; process: object }): Promise<void>;
  resize(size: { columns: number; rows: number }, execId?: string): Promise<void>;
  closeStdin(execId?: string): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  pids(): Promise<number[]>;
  /** The runtime's own metrics message, of either cgroup version. */
  stats(): Promise<messages.Any | null>;
  /** `resources` is an OCI LinuxResources object. */
  update(resources: object): Promise<void>;
  connect(): Promise<{ shimPid: number; taskPid: number }>;
  /** Ends the shim; idempotent, and a connection lost meanwhile is what was asked for. */
  shutdown(): Promise<void>;
}

export function taskService(client: TtrpcClient, id: string): TaskService {
  const call: Caller = async (method, [question, answer], value, signal) => {
    const payload = question.encode(value);
    return answer.decode(await client.call({ service, method }, payload, { signal }));
  };
  return { ...processCalls(call, id), ...containerCalls(call, id) };
}

type Caller = <Q extends object, A extends object>(
  method: string,
  messages: readonly [Message<Q>, Message<A>],
  value: Partial<Q>,
  signal?: AbortSignal,
) => Promise<A>;

/** Calls on the container's own process or an additional one. */
function processCalls(
  call: Caller,
  id: string,
): Pick<
  TaskService,
  'start' | 'wait' | 'state' | 'kill' | 'delete' | 'exec' | 'resize' | 'closeStdin'
> {
  const { processRef } = messages;
  return {
    async start(execId = '') {
      const { pid } = await call('Start', [processRef, messages.pidResponse], {
        id,
        exec_id: execId,
      });
      return { pid };
    },
    async wait(execId = '', signal) {
      const asked = { id, exec_id: execId };
      return exitOf(await call('Wait', [processRef, messages.waitResponse], asked, signal));
    },
    async state(execId = '') {
      const asked = { id, exec_id: execId };
      const state = await call('State', [processRef, messages.stateResponse], asked);
      return { status: statuses[state.status] ?? 'unknown', pid: state.pid, exit: exitOf(state) };
    },
    async kill(signal, { execId = '', all = false } = {}) {
      const asked = { id, exec_id: execId, signal, all };
      await call('Kill', [messages.killRequest, messages.empty], asked);
    },
    async delete(execId = '') {
      const asked = { id, exec_id: execId };
      return exitOf(await call('Delete', [processRef, messages.deleteResponse], asked));
    },
    async exec({ execId, stdio, process }) {
      const spec = jsonAny('types.containerd.io/opencontainers/runtime-spec/1/Process', process);
      const asked = { id, exec_id: execId, ...stdio, spec };
      await call('Exec', [messages.execRequest, messages.empty], asked);
    },
    async resize({ columns, rows }, execId = '') {
      const asked = { id, exec_id: execId, width: columns, height: rows };
      await call('ResizePty', [messages.resizeRequest, messages.empty], asked);
    },
    async closeStdin(execId = '') {
      const asked = { id, exec_id: execId, stdin: true };
      await call('CloseIO', [messages.closeIoRequest, messages.empty], asked);
    },
  };
}

/** Calls on the container as a whole, and on the shim. */
function containerCalls(
  call: Caller,
  id: string,
): Pick<
  TaskService,
  'create' | 'pause' | 'resume' | 'pids' | 'stats' | 'update' | 'connect' | 'shutdown'
> {
  const { processRef, empty } = messages;
  return {
    async create({ bundlePath, stdio, runtimeOptions }) {
      const asked = { id, bundle: bundlePath, ...stdio, options: runtimeOptions };
      const { pid } = await call('Create', [messages.createRequest, messages.pidResponse], asked);
      return { pid };
    },
    async pause() {
      await call('Pause', [processRef, empty], { id });
    },
    async resume() {
      await call('Resume', [processRef, empty], { id });
    },
    async pids() {
      const answer = await call('Pids', [processRef, messages.pidsResponse], { id });
      return answer.processes.map(({ pid }) => pid);
    },
    async stats() {
      return (await call('Stats', [processRef, messages.statsResponse], { id })).stats;
    },
    async update(resources) {
      const url = 'types.containerd.io/opencontainers/runtime-spec/1/LinuxResources';
      const asked = { id, resources: jsonAny(url, resources) };
      await call('Update', [messages.updateRequest, empty], asked);
    },
    async connect() {
      const answer = await call('Connect', [processRef, messages.connectResponse], { id });
      return { shimPid: answer.shim_pid, taskPid: answer.task_pid };
    },
    async shutdown() {
      try {
        await call('Shutdown', [messages.shutdownRequest, empty], { id });
      } catch (error) {
        if (errorKind(error) !== 'unavailable') throw error;
      }
    },
  };
}

function exitOf(answer: {
  exit_status: number;
  exited_at: Parameters<typeof messages.timestampMs>[0];
}): ProcessExit {
  return { code: answer.exit_status, atMs: messages.timestampMs(answer.exited_at) };
}

function jsonAny(type_url: string, value: object): messages.Any {
  return { type_url, value: Buffer.from(JSON.stringify(value)) };
}
