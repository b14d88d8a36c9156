import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode } from '../../core/index.ts';

/**
 * Cgroups as containers use them, of version 1 (also where a version 2 tree without controllers
 * stands beside it) or 2. Paths are absolute within the hierarchy, such as `/berth/<id>`. Readings
 * of a cgroup that is gone are empty or zero.
 */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Every process in the cgroup and in those below it. */
  processes(path: string): number[];
  /** SIGKILL to all of them that are seen; repeat until `processes` is empty. */
  kill(path: string): void;
  /** How often the kernel killed a process of the cgroup for want of memory. */
  oomKills(path: string): number;
  /** Removes a cgroup, in every hierarchy where nothing is in it. */
  removeEmpty(path: string): void;
  /** Text of a controller's file, such as `('memory', 'memory.stat')`; '' when missing. */
  read(path: string, controller: string, file: string): string;
}

const root = '/sys/fs/cgroup';

export function openCgroups(): Cgroups {
  return existsSync(join(root, 'cgroup.controllers')) ? version2() : version1();
}

function version1(): Cgroups {
  const table = readFileSync('/proc/self/mounts', 'utf8');
  const mounts = controllerMounts(table);
  const hierarchies = hierarchyMounts(table);
  const folderOf = (path: string, controller: string) =>
    join(mounts.get(controller) ?? join(root, controller), path);
  // Any controller will do: the runtime joins a container to all of them.
  const anyController = ['pids', 'devices', 'freezer', 'memory'].find((name) => mounts.has(name));
  const processes = (path: string) => processesBelow(folderOf(path, anyController ?? 'devices'));
  return {
    version: 1,
    processes,
    kill: (path) => killAll(processes(path)),
    removeEmpty(path) {
      for (const place of hierarchies) removeFolderIfEmpty(join(place, path));
    },
    oomKills(path) {
      const text = readOrEmpty(join(folderOf(path, 'memory'), 'memory.oom_control'));
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
    },
    read: (path, controller, file) => readOrEmpty(join(folderOf(path, controller), file)),
  };
}

function version2(): Cgroups {
  return {
    version: 2,
    processes: (path) => processesBelow(join(root, path)),
    kill(path) {
      killAll(processesBelow(join(root, path)));
    },
    removeEmpty: (path) => removeFolderIfEmpty(join(root, path)),
    oomKills(path) {
      const text = readOrEmpty(join(root, path, 'memory.events'));
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
    },
    read: (path, _controller, file) => readOrEmpty(join(root, path, file)),
  };
}

/** Controller to mount point, from the lines of /proc/self/mounts. */
export function controllerMounts(table: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of table.split('\n')) {
    const [, place, type, options = ''] = line.split(' ');
    if (type !== 'cgroup' || !place) continue;
    for (const option of options.split(',')) {
      if (!found.has(option)) found.set(option, place);
    }
  }
  return found;
}

/** Where every hierarchy is mounted, those without controllers too. */
export function hierarchyMounts(table: string): string[] {
  const places = table.split('\n').flatMap((line) => {
    const [, place, type] = line.split(' ');
    return place && (type === 'cgroup' || type === 'cgroup2') ? [place] : [];
  });
  return [...new Set(places)];
}

function removeFolderIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!['EBUSY', 'ENOENT', 'ENOTEMPTY'].includes(errnoCode(error) ?? '')) throw error;
  }
}

function processesBelow(folder: string): number[] {
  const own = readOrEmpty(join(folder, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  let children: string[];
  try {
    children = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return own;
    throw error;
  }
  return [...own, ...children.flatMap(processesBelow)];
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (errnoCode(error) !== 'ESRCH') throw error;
    }
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // ENODEV: the cgroup went between opening and reading.
    if (['ENOENT', 'ENODEV', 'ENOTDIR'].includes(errnoCode(error) ?? '')) return '';
    throw error;
  }
}
