import { call, declare } from '../libc.ts';

const mallocTrim = declare('int malloc_trim(size_t keep)');

/** Gives what the C library holds and nobody uses back to the kernel; some milliseconds. */
export function giveBackFreeMemory(): void {
  call(mallocTrim, 0);
}
