import { call, check, declare } from '../libc.ts';

const clockGettime = declare('int clock_gettime(int clock, void *time)');
const realtime = 0;
const time = new BigInt64Array(2);

/** Nanoseconds since the epoch by the machine's clock. */
export function wallClockNs(): bigint {
  check(call(clockGettime, realtime, time.buffer), 'clock_gettime');
  return time[0]! * 1_000_000_000n + time[1]!;
}
