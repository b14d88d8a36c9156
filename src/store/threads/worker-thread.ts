import { parentPort } from 'node:worker_threads';
import { canceled } from '../../core/index.ts';
import type { Job, JobContext } from './job.ts';
import { jobs } from './jobs.ts';
import { type FromWorker, mostUnderway, sharedAt, type ToWorker } from './thread-messages.ts';
import { packError, unpackError } from './wire-error.ts';

/* The program of a worker thread: runs one job after the other, as its pool says. */

const port = parentPort!;
const tell = (message: FromWorker, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

type Piece = { bytes: Uint8Array } | { end: true; error?: Error };
let pieces: Piece[] = [];
let wake: (() => void) | undefined;
let current = 0;

port.on('message', (message: ToWorker) => {
  if (message.kind === 'run') {
    current = message.job;
    pieces = [];
    void run(message);
    return;
  }
  if (message.job !== current) return;
  if (message.kind === 'input') pieces.push({ bytes: message.bytes });
  else pieces.push({ end: true, ...(message.error && { error: unpackError(message.error) }) });
  wake?.();
});

async function run(message: ToWorker & { kind: 'run' }): Promise<void> {
  const { job, name, input } = message;
  try {
    const work = (await jobs[name]()) as Job<unknown, unknown>;
    const result = await work(input, contextOf(message));
    tell({ kind: 'done', job, result }, transferable(result));
  } catch (error) {
    tell({ kind: 'failed', job, error: packError(error) });
  }
}

function contextOf({ job, shared, returnsInput }: ToWorker & { kind: 'run' }): JobContext {
  let sent = 0;
  const checkCanceled = () => {
    if (Atomics.load(shared, sharedAt.canceled) !== 0) throw canceled('canceled');
  };
  function send(bytes: Uint8Array): void {
    for (;;) {
      checkCanceled();
      const taken = Atomics.load(shared, sharedAt.takenOutputs);
      if (sent - taken < mostUnderway) break;
      Atomics.wait(shared, sharedAt.takenOutputs, taken);
    }
    sent++;
    tell({ kind: 'output', job, bytes }, [bytes.buffer as ArrayBuffer]);
  }
  return { input: received(job, returnsInput), send, checkCanceled };
}

async function* received(job: number, returnsInput: boolean): AsyncGenerator<Uint8Array> {
  for (;;) {
    const piece = pieces.shift();
    if (piece === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    } else if ('bytes' in piece) {
      const { bytes } = piece;
      if (!returnsInput) tell({ kind: 'taken', job });
      yield bytes;
      if (returnsInput) tell({ kind: 'taken', job, bytes }, [bytes.buffer as ArrayBuffer]);
    } else {
      if (piece.error) throw piece.error;
      return;
    }
  }
}

/** Memory at the top of a result goes over without a copy. */
function transferable(result: unknown): ArrayBuffer[] {
  if (typeof result !== 'object' || result === null) return [];
  const buffers = Object.values(result).flatMap((value) =>
    ArrayBuffer.isView(value) && value.byteLength === value.buffer.byteLength
      ? [value.buffer as ArrayBuffer]
      : [],
  );
  return [...new Set(buffers)];
}
