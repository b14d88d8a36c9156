import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, callElsewhere, check, declare, systemError } from '../libc.ts';

const native = {
  spawn: declare(
    'int posix_spawnp(_Out_ int *pid, const char *file, void *actions, void *attributes, const char **argv, const char **envp)',
  ),
  actions: declare('int posix_spawn_file_actions_init(void *actions)'),
  actionsDone: declare('int posix_spawn_file_actions_destroy(void *actions)'),
  addOpen: declare(
    'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, uint32_t mode)',
  ),
  addDup: declare('int posix_spawn_file_actions_adddup2(void *actions, int from, int to)'),
  addChdir: declare('int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)'),
  attributes: declare('int posix_spawnattr_init(void *attributes)'),
  setFlags: declare('int posix_spawnattr_setflags(void *attributes, short flags)'),
  setDefaults: declare('int posix_spawnattr_setsigdefault(void *attributes, const void *signals)'),
  fcntl: declare('int fcntl(int fd, int command, ...)'),
  waitpid: declare('int waitpid(int pid, void *status, int options)'),
};
/** Larger than the C library's structures on any machine. */
const structBytes = 1024;
const signalSetBytes = 128;
/** Handlers at their defaults, no signal blocked, a session of its own. */
const flags = 0x04 | 0x08 | 0x80;
const readWrite = 2;
const dupCloseOnExec = 1030;
const noHang = 1;
const firstHeldFd = 3;
const longestReapDelayMs = 5000;

export interface DetachedProgram {
  /** Looked for in this process's PATH. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Become the descriptors 3, 4 and so on; 0 to 2 are `/dev/null`. */
  readonly fds: readonly number[];
}

/**
 * Starts a program that outlives this process, and gives its pid. `child_process` would copy this
 * process's page tables and hold up its event loop until the program runs; this takes another thread
 * and copies nothing. Throws what exec says, ENOENT for one. The caller reaps it.
 */
export async function spawnDetached(program: DetachedProgram): Promise<number> {
  const { command, args, env, cwd, fds } = program;
  const actions = Buffer.alloc(structBytes);
  const attributes = Buffer.alloc(structBytes);
  const environment = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  // Out of the way of the numbers they are to get.
  const free = firstHeldFd + fds.length;
  const sources: number[] = [];
  succeed(call(native.actions, actions));
  try {
    for (const fd of fds) {
      sources.push(check(call(native.fcntl, fd, dupCloseOnExec, 'int', free), 'fcntl'));
    }
    for (const fd of [0, 1, 2]) {
      succeed(call(native.addOpen, actions, fd, '/dev/null', readWrite, 0));
    }
    sources.forEach((fd, index) => {
      succeed(call(native.addDup, actions, fd, firstHeldFd + index));
    });
    succeed(call(native.addChdir, actions, cwd));
    succeed(call(native.attributes, attributes));
    succeed(call(native.setFlags, attributes, flags));
    succeed(call(native.setDefaults, attributes, Buffer.alloc(signalSetBytes, 0xff)));
    const pid = [0];
    const argv = [command, ...args, null];
    succeed(
      await callElsewhere(native.spawn, pid, command, actions, attributes, argv, [
        ...environment,
        null,
      ]),
      command,
    );
    return pid[0]!;
  } finally {
    call(native.actionsDone, actions);
    for (const fd of sources) closeSync(fd);
  }
}

/** These functions return the error's number itself. */
function succeed(errno: number, path?: string): void {
  if (errno !== 0) throw systemError(-errno, 'posix_spawn', path);
}

/**
 * Takes leave of a child that has ended or is about to, so that it is no zombie. Resolves when it has
 * gone, or is no child of ours; keeps no process alive.
 */
export async function reapChild(pid: number): Promise<void> {
  for (let delayMs = 10; call(native.waitpid, pid, null, noHang) === 0; delayMs *= 3) {
    await sleep(Math.min(delayMs, longestReapDelayMs), undefined, { ref: false });
  }
}
