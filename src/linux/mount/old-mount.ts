import { callElsewhere, check, declare } from '../libc.ts';

const mount = declare(
  'int mount(const char *source, const char *target, const char *type, ulong flags, const char *data)',
);

/** MS_… of linux/mount.h. */
export const mountFlags = {
  readOnly: 1,
  noSuid: 2,
  noDev: 4,
  noExec: 8,
  remount: 32,
  bind: 4096,
  recursive: 16384,
} as const;

/** Bytes of `data` that mount(2) takes: a page with its closing zero. */
export const longestMountData = 4095;

/** mount(2), for what the newer calls do not reach. Throws as Node's fs does. */
export async function mountOld(request: {
  source: string;
  target: string;
  type: string;
  flags?: number;
  data?: string;
}): Promise<void> {
  const { source, target, type, flags = 0, data = '' } = request;
  check(await callElsewhere(mount, source, target, type, flags, data), 'mount', target);
}
