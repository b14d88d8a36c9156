import { errorMessage } from '../../core/index.ts';
import { deleteLink, type Netlink } from '../../linux/index.ts';

/**
 * Interfaces of an ended container go with its namespace, in the kernel's own time. Where a process
 * still holds the namespace (`--network container:x`) they would stay: the reaper removes them.
 */
export interface Reaper {
  expect(interfaceNames: readonly string[]): void;
  /** Removes at once what is still expected to go. */
  flush(): Promise<void>;
}

const graceMs = 500;

export function createReaper(netlink: Netlink, warn: (message: string) => void): Reaper {
  const expected = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const names = [...expected];
    expected.clear();
    try {
      await netlink.batch(names.map(deleteLink));
    } catch (error) {
      warn(`remove interfaces of ended containers: ${errorMessage(error)}`);
    }
  }
  return {
    expect(interfaceNames) {
      for (const name of interfaceNames) expected.add(name);
      if (expected.size > 0) timer ??= setTimeout(() => void flush(), graceMs).unref();
    },
    flush,
  };
}
