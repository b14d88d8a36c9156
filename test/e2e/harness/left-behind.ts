import { execFileSync } from 'node:child_process';
import { type Dirent, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Folders, below the daemon's own, whose files last only as long as some work does. */
const workFolders = [
  'root/content/ingest',
  'root/snapshots/staging',
  'root/snapshots/trash',
  'root/build/work',
  'run/netns',
  'run/steps',
  'run/steps-runtime',
  'run/runtime-runc/berth',
  'run/build-secrets',
];

/** What should have gone with a daemon: mounts, processes, interfaces, rules, files of unfinished work. */
export function leftBehind({ folder, bridge }: { folder: string; bridge: string }): string[] {
  const left = [...processesOf(folder), ...unfinishedWork(folder)];
  left.push(...linesOf('/proc/self/mountinfo', folder), ...linesOf('/proc/net/dev', ` ${bridge}:`));
  const tables = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).split('\n');
  return [...left, ...tables.filter((line) => line.endsWith(` berth-${bridge}`))];
}

/** What a daemon that goes on should not have either, while it does nothing. */
export function unfinishedWork(folder: string): string[] {
  const left: string[] = [];
  for (const name of workFolders) {
    const path = join(folder, name);
    for (const entry of list(path)) left.push(`${join(path, entry.name)}`);
  }
  return left;
}

/** Processes of a daemon's containers and builds: by their arguments and their working folder. */
export function processesOf(folder: string): string[] {
  return list('/proc').flatMap(({ name }) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const isOurs =
        command.includes(folder) || readlinkSync(`/proc/${name}/cwd`).startsWith(folder);
      return isOurs && !command.includes('/daemon/main.ts') ? [`process ${name}: ${command}`] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

/** Interfaces of containers on a bridge. */
export function wiresOf(bridge: string): string[] {
  const text = execFileSync('ip', ['-o', 'link', 'show', 'master', bridge], { encoding: 'utf8' });
  return text.split('\n').filter(Boolean);
}

function linesOf(path: string, part: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => ` ${line}`.includes(part));
}

function list(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return []; // never made, or gone
  }
}
