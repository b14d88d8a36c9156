import { call, declare } from '../libc.ts';

const getpid = declare('long syscall(long n)');
const x32Bit = 0x40000000;
const getpidOnX64 = 39;

/** Whether the kernel serves the x32 ABI of x86-64 (CONFIG_X86_X32_ABI), as few do. */
export function kernelServesX32(): boolean {
  return process.arch === 'x64' && call(getpid, x32Bit | getpidOnX64) > 0;
}
