import { setImmediate } from 'node:timers/promises';

/** Long work that yields wherever it may be interrupted: often, for a yield costs next to nothing. */
export type Pieces<Result> = Generator<void, Result, void>;

/** So long others wait at most, and a little more when a piece is long. */
const turnMs = 10;

/** Does the work in one go. */
export function atOnce<Result>(work: Pieces<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Does the work bit by bit, the event loop having its turn in between. Throws the signal's reason. */
export async function inTurns<Result>(work: Pieces<Result>, signal?: AbortSignal): Promise<Result> {
  let untilMs = performance.now() + turnMs;
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() < untilMs) continue;
    await setImmediate();
    signal?.throwIfAborted();
    untilMs = performance.now() + turnMs;
  }
}
