import { message } from '../../core/index.ts';

/**
 * Messages of `containerd.task.v2.Task` (containerd, api/runtime/task/v2/shim.proto) and of ttrpc
 * itself, with the field numbers of those files.
 */

export interface Any {
  type_url: string;
  value: Uint8Array;
}
const any = { type_url: [1, 'string'], value: [2, 'bytes'] } as const;

interface Timestamp {
  /** Decimal digits. */
  seconds: string;
  nanos: number;
}
const timestamp = { seconds: [1, 'int64'], nanos: [2, 'int32'] } as const;

/** Milliseconds since the epoch; 0 for a time never set (Go's zero time lies before it). */
export function timestampMs(at: Timestamp | null | undefined): number {
  if (!at) return 0;
  return Math.max(0, Number(at.seconds) * 1000 + Math.floor(at.nanos / 1e6));
}

export const request = message<{
  service: string;
  method: string;
  payload: Uint8Array;
}>({
  service: [1, 'string'],
  method: [2, 'string'],
  payload: [3, 'bytes'],
});

export const response = message<{
  status: { code: number; message: string } | null;
  payload: Uint8Array;
}>({ status: [1, { code: [1, 'int32'], message: [2, 'string'] }], payload: [2, 'bytes'] });

export const empty = message<Record<string, never>>({});

/** Names a container, or with `exec_id` one of its additional processes. */
export interface ProcessRef {
  id: string;
  exec_id: string;
}
export const processRef = message<ProcessRef>({ id: [1, 'string'], exec_id: [2, 'string'] });

export const createRequest = message<{
  id: string;
  bundle: string;
  terminal: boolean;
  stdin: string;
  stdout: string;
  stderr: string;
  options: Any;
}>({
  id: [1, 'string'],
  bundle: [2, 'string'],
  terminal: [4, 'bool'],
  stdin: [5, 'string'],
  stdout: [6, 'string'],
  stderr: [7, 'string'],
  options: [10, any],
});

export const pidResponse = message<{ pid: number }>({ pid: [1, 'uint32'] });

export const deleteResponse = message<{
  pid: number;
  exit_status: number;
  exited_at: Timestamp | null;
}>({ pid: [1, 'uint32'], exit_status: [2, 'uint32'], exited_at: [3, timestamp] });

export const waitResponse = message<{ exit_status: number; exited_at: Timestamp | null }>({
  exit_status: [1, 'uint32'],
  exited_at: [2, timestamp],
});

export const execRequest = message<{
  id: string;
  exec_id: string;
  terminal: boolean;
  stdin: string;
  stdout: string;
  stderr: string;
  spec: Any;
}>({
  id: [1, 'string'],
  exec_id: [2, 'string'],
  terminal: [3, 'bool'],
  stdin: [4, 'string'],
  stdout: [5, 'string'],
  stderr: [6, 'string'],
  spec: [7, any],
});

export const resizeRequest = message<ProcessRef & { width: number; height: number }>({
  id: [1, 'string'],
  exec_id: [2, 'string'],
  width: [3, 'uint32'],
  height: [4, 'uint32'],
});

export const stateResponse = message<{
  id: string;
  pid: number;
  status: number;
  exit_status: number;
  exited_at: Timestamp | null;
}>({
  id: [1, 'string'],
  pid: [3, 'uint32'],
  status: [4, 'int32'],
  exit_status: [9, 'uint32'],
  exited_at: [10, timestamp],
});

export const killRequest = message<ProcessRef & { signal: number; all: boolean }>({
  id: [1, 'string'],
  exec_id: [2, 'string'],
  signal: [3, 'uint32'],
  all: [4, 'bool'],
});

export const closeIoRequest = message<ProcessRef & { stdin: boolean }>({
  id: [1, 'string'],
  exec_id: [2, 'string'],
  stdin: [3, 'bool'],
});

export const pidsResponse = message<{ processes: { pid: number }[] }>({
  processes: [1, { pid: [1, 'uint32'] }, 'repeated'],
});

export const statsResponse = message<{ stats: Any | null }>({ stats: [1, any] });

export const updateRequest = message<{ id: string; resources: Any }>({
  id: [1, 'string'],
  resources: [2, any],
});

export const shutdownRequest = message<{ id: string; now: boolean }>({
  id: [1, 'string'],
  now: [2, 'bool'],
});

export const connectResponse = message<{ shim_pid: number; task_pid: number; version: string }>({
  shim_pid: [1, 'uint32'],
  task_pid: [2, 'uint32'],
  version: [3, 'string'],
});

/** `containerd.runc.v1.Options`: what the runc shim is told about its runtime. */
export const runcOptions = message<{
  no_pivot_root: boolean;
  no_new_keyring: boolean;
  binary_name: string;
  root: string;
  systemd_cgroup: boolean;
}>({
  no_pivot_root: [1, 'bool'],
  no_new_keyring: [2, 'bool'],
  binary_name: [6, 'string'],
  root: [7, 'string'],
  systemd_cgroup: [9, 'bool'],
});

/** `containerd.services.events.ttrpc.v1.ForwardRequest`: a shim tells of an event. */
export const forwardRequest = message<{
  envelope: { namespace: string; topic: string; event: Any | null } | null;
}>({
  envelope: [1, { namespace: [2, 'string'], topic: [3, 'string'], event: [4, any] }],
});

/** The first field of every task event: the container's id. */
export const taskEvent = message<{ container_id: string }>({ container_id: [1, 'string'] });
