import { canceled } from '../../core/index.ts';

/** What a job may do besides computing; the same on a worker thread and in place. */
export interface JobContext {
  /** Bytes the caller sends while the job runs; empty where it sends none. */
  readonly input: AsyncIterable<Uint8Array>;
  /**
   * Sends bytes to the caller, who owns them then; this thread waits while the caller lags behind.
   * Throws `canceled` when the caller is gone.
   */
  send(bytes: Uint8Array): void;
  /** Throws `canceled` once the caller gave up. Cheap: to be called for every file. */
  checkCanceled(): void;
}

export type Job<Input, Output> = (input: Input, context: JobContext) => Output | Promise<Output>;

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** The context of a job that runs where its caller is: for small work, on which no thread is spent. */
export function contextInPlace(
  signal?: AbortSignal,
  input: AsyncIterable<Uint8Array> = nothing(),
): JobContext {
  return {
    input,
    send: () => {
      throw new TypeError('a job in place has nobody to send to');
    },
    checkCanceled: () => {
      if (signal?.aborted) throw canceled('canceled', { cause: signal.reason });
    },
  };
}
