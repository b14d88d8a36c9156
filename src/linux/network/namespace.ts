import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { call, check, declare } from '../libc.ts';
import { unmount } from '../mount/unmount.ts';
import { type Netlink, openNetlink } from './netlink.ts';

const native = {
  unshare: declare('int unshare(int flags)'),
  setns: declare('int setns(int fd, int type)'),
  mount: declare(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
  ),
};
const newNetwork = 0x40000000;
const bind = 4096;

/**
 * Makes a network namespace and keeps it alive by a bind mount on `path`, a file that must not
 * exist. `sysctls` (`net.ipv4.ping_group_range` and its value) are set in it. Gives a netlink
 * socket inside, to be disposed by the caller. On failure nothing is left.
 *
 * A namespace belongs to a thread, so this thread leaves its own for a moment. All of it is
 * synchronous, about half a millisecond, and no other code of this thread runs in between.
 */
export function createNetworkNamespace(
  path: string,
  sysctls: Readonly<Record<string, string>> = {},
): Netlink {
  writeFileSync(path, '', { flag: 'wx', mode: 0o444 });
  try {
    return elsewhere(
      () => check(call(native.unshare, newNetwork), 'unshare(CLONE_NEWNET)'),
      () => {
        writeSysctls(sysctls);
        // Last, as it is the step that would have to be undone.
        const netlink = openNetlink();
        const mounted = call(native.mount, '/proc/thread-self/ns/net', path, null, bind, null);
        if (mounted < 0) netlink[Symbol.dispose]();
        check(mounted, 'mount', path);
        return netlink;
      },
    );
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** A netlink socket inside the namespace kept at `path`. */
export function openNetlinkIn(path: string): Netlink {
  return inNamespace(path, () => openNetlink());
}

/** Sets kernel parameters of the namespace kept at `path`. */
export function setNamespaceSysctls(path: string, sysctls: Readonly<Record<string, string>>): void {
  inNamespace(path, () => writeSysctls(sysctls));
}

/**
 * Lets the namespace go: once no process is in it, the kernel ends it and its interfaces. Idempotent.
 */
export async function removeNetworkNamespace(path: string): Promise<void> {
  await unmount(path, { lazy: true });
  rmSync(path, { force: true });
}

/** Runs `work`, which must be synchronous, in the namespace kept at `path`. */
function inNamespace<T>(path: string, work: () => T): T {
  const fd = openSync(path, 'r');
  try {
    return elsewhere(() => check(call(native.setns, fd, newNetwork), 'setns', path), work);
  } finally {
    closeSync(fd);
  }
}

function elsewhere<T>(go: () => void, work: () => T): T {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    go();
    try {
      return work();
    } finally {
      // With no way back every later socket of this process would open in a stranger's network.
      if (call(native.setns, home, newNetwork) < 0) process.abort();
    }
  } finally {
    closeSync(home);
  }
}

/** Names as sysctl(8) takes them: dots between the parts, a slash for a dot within one. */
export function writeSysctls(sysctls: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(sysctls)) writeFileSync(sysctlPath(name), value);
}

function sysctlPath(name: string): string {
  return `/proc/sys/${name.replace(/[./]/g, (c) => (c === '.' ? '/' : '.'))}`;
}
