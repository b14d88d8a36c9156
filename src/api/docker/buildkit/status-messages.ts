import { message } from '../../../core/index.ts';

/*
 * How a build is told of (BuildKit, api/services/control/control.proto and solver/pb/ops.proto), with
 * the field numbers of those files.
 */

export interface Timestamp {
  readonly seconds: number | string;
  readonly nanos: number;
}
export const timestamp = { seconds: [1, 'int64'], nanos: [2, 'int32'] } as const;

export function timestampOf(atMs: number): Timestamp {
  const seconds = Math.floor(atMs / 1000);
  return { seconds, nanos: Math.round((atMs - seconds * 1000) * 1e6) };
}

/** A step, or work around the steps. Sent again, it replaces what was said before. */
export interface Vertex {
  readonly digest: string;
  readonly inputs?: readonly string[];
  readonly name: string;
  readonly cached?: boolean;
  readonly started?: Timestamp;
  readonly completed?: Timestamp;
  readonly error?: string;
}

/** Something a vertex does, with how far it is. */
export interface VertexStatus {
  readonly ID: string;
  readonly vertex: string;
  readonly name?: string;
  readonly current: number;
  readonly total?: number;
  readonly timestamp: Timestamp;
  readonly started?: Timestamp;
  readonly completed?: Timestamp;
}

export interface VertexLog {
  readonly vertex: string;
  readonly timestamp: Timestamp;
  /** 1 standard output, 2 standard error. */
  readonly stream: number;
  readonly msg: Uint8Array;
}

export interface SourceRange {
  readonly start: { readonly Line: number; readonly Character?: number };
  readonly end: { readonly Line: number; readonly Character?: number };
}

export interface SourceInfo {
  readonly filename: string;
  readonly data: Uint8Array;
}

export interface VertexWarning {
  readonly vertex: string;
  readonly level: number;
  readonly short: Uint8Array;
  readonly detail: readonly Uint8Array[];
  readonly url?: string;
  readonly info?: SourceInfo;
  readonly ranges?: readonly SourceRange[];
}

export interface StatusResponse {
  readonly vertexes: readonly Vertex[];
  readonly statuses: readonly VertexStatus[];
  readonly logs: readonly VertexLog[];
  readonly warnings: readonly VertexWarning[];
}

const position = { Line: [1, 'int32'], Character: [2, 'int32'] } as const;

export const statusResponse = message<StatusResponse>({
  vertexes: [
    1,
    {
      digest: [1, 'string'],
      inputs: [2, 'string', 'repeated'],
      name: [3, 'string'],
      cached: [4, 'bool'],
      started: [5, timestamp],
      completed: [6, timestamp],
      error: [7, 'string'],
    },
    'repeated',
  ],
  statuses: [
    2,
    {
      ID: [1, 'string'],
      vertex: [2, 'string'],
      name: [3, 'string'],
      current: [4, 'int64'],
      total: [5, 'int64'],
      timestamp: [6, timestamp],
      started: [7, timestamp],
      completed: [8, timestamp],
    },
    'repeated',
  ],
  logs: [
    3,
    {
      vertex: [1, 'string'],
      timestamp: [2, timestamp],
      stream: [3, 'int64'],
      msg: [4, 'bytes'],
    },
    'repeated',
  ],
  warnings: [
    4,
    {
      vertex: [1, 'string'],
      level: [2, 'int64'],
      short: [3, 'bytes'],
      detail: [4, 'bytes', 'repeated'],
      url: [5, 'string'],
      info: [6, { filename: [1, 'string'], data: [2, 'bytes'] }],
      ranges: [7, { start: [1, position], end: [2, position] }, 'repeated'],
    },
    'repeated',
  ],
});
