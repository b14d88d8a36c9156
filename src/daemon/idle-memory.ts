import { performance } from 'node:perf_hooks';
import { giveBackFreeMemory } from '../linux/index.ts';

/** A window in which the event loop was busy for less than this share counts as quiet. */
const quietShare = 0.02;
/** Work that leaves enough behind for a collection to pay. */
const worthMs = 200;

/** What has become of the daemon's time since it last gave memory back. */
export interface Activity {
  /** Time the event loop worked in the window that just ended, and how long that was. */
  readonly busyMs: number;
  readonly windowMs: number;
  /** Work since memory was last given back, this window's included. */
  readonly workedMs: number;
}

/** Whether now is the time: something was done, and it is over. */
export function isTimeToGiveBack({ busyMs, windowMs, workedMs }: Activity): boolean {
  return workedMs >= worthMs && busyMs < windowMs * quietShare;
}

/**
 * Gives memory back once the daemon has come to rest: what a burst of work has left on the heap would
 * otherwise stay until the next one. The pause of about 50 ms falls where nobody waits. Without
 * `--expose-gc` only memory outside of JavaScript is given back.
 */
export function giveMemoryBackWhenIdle(windowMs = 5000): Disposable {
  let mark = performance.eventLoopUtilization();
  let workedMs = 0;
  const timer = setInterval(() => {
    const { active: busyMs } = performance.eventLoopUtilization(mark);
    workedMs += busyMs;
    if (isTimeToGiveBack({ busyMs, windowMs, workedMs })) {
      globalThis.gc?.();
      giveBackFreeMemory();
      workedMs = 0;
    }
    mark = performance.eventLoopUtilization();
  }, windowMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
