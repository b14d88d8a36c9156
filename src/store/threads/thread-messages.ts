import type { JobName } from './jobs.ts';
import type { WireError } from './wire-error.ts';

/** What a pool tells a worker. `job` numbers keep late messages of a finished job apart. */
export type ToWorker =
  | {
      kind: 'run';
      job: number;
      name: JobName;
      input: unknown;
      shared: Int32Array;
      returnsInput: boolean;
    }
  | { kind: 'input'; job: number; bytes: Uint8Array }
  | { kind: 'input-end'; job: number; error?: WireError };

/** What a worker tells its pool. With `taken`, memory of the input may come back, to be filled again. */
export type FromWorker =
  | { kind: 'output'; job: number; bytes: Uint8Array }
  | { kind: 'taken'; job: number; bytes?: Uint8Array }
  | { kind: 'done'; job: number; result: unknown }
  | { kind: 'failed'; job: number; error: WireError };

/** Indexes in the memory both share while a job runs. */
export const sharedAt = { canceled: 0, takenOutputs: 1 } as const;
/** Pieces of input or output on their way before the sender waits. */
export const mostUnderway = 8;
