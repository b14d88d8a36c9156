import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, invalid } from '../../core/index.ts';
import type { OciDevice, OciDeviceRule } from './spec.ts';

/** A device node of the host that a container gets, and what it may do with it (`rwm`). */
export interface DeviceGrant {
  readonly device: OciDevice;
  readonly access: string;
}

const rule = (allow: boolean, type?: 'c', major?: number, minor?: number): OciDeviceRule => ({
  allow,
  ...(type && { type, major, minor }),
  access: 'rwm',
});

/** Docker's: nothing but zero, null, urandom, random, tty, console; never fuse. */
export const defaultDeviceRules: readonly OciDeviceRule[] = [
  rule(false),
  rule(true, 'c', 1, 5),
  rule(true, 'c', 1, 3),
  rule(true, 'c', 1, 9),
  rule(true, 'c', 1, 8),
  rule(true, 'c', 5, 0),
  rule(true, 'c', 5, 1),
  rule(false, 'c', 10, 229),
];

export const everyDevice: readonly OciDeviceRule[] = [rule(true)];

export function ruleOf({ device, access }: DeviceGrant): OciDeviceRule {
  const type = device.type === 'b' ? 'b' : 'c';
  return { allow: true, type, major: device.major, minor: device.minor, access };
}

/** Reads `c 1:3 rwm`, `a *:* rwm` (--device-cgroup-rule). Throws `invalid`. */
export function parseDeviceRule(text: string): OciDeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  if (!match) throw invalid(`invalid device cgroup rule format: '${text}'`);
  const number = (part: string) => (part === '*' ? -1 : Number(part));
  return {
    allow: true,
    type: match[1] as 'a' | 'b' | 'c',
    major: number(match[2]!),
    minor: number(match[3]!),
    access: match[4]!,
  };
}

/**
 * Looks up `--device HOST:CONTAINER:ACCESS`: one node, or every node below a folder. Throws
 * `invalid` in Docker's words when there is none.
 */
export function findDevices(asked: {
  PathOnHost: string;
  PathInContainer: string;
  CgroupPermissions: string;
}): DeviceGrant[] {
  const { PathOnHost: onHost, PathInContainer: inContainer } = asked;
  const access = asked.CgroupPermissions || 'rwm';
  let found: OciDevice[];
  try {
    const path = realpathSync(onHost);
    const stats = statSync(path);
    if (stats.isDirectory()) {
      found = nodesBelow(path).map((device) => ({
        ...device,
        path: join(inContainer, device.path.slice(path.length)),
      }));
    } else {
      found = [deviceOf(inContainer, stats)].filter((device) => device !== undefined);
    }
    if (found.length === 0) throw new Error('not a device node');
  } catch (cause) {
    throw invalid(
      `error gathering device information while adding custom device "${onHost}": ${reason(cause)}`,
      { cause },
    );
  }
  return found.map((device) => ({ device, access }));
}

/** Every device of the host, for a privileged container; terminals and shared memory are its own. */
export function hostDevices(): OciDevice[] {
  return nodesBelow('/dev');
}

const ownFolders = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev']);

function nodesBelow(folder: string): OciDevice[] {
  const found: OciDevice[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!ownFolders.has(entry.name)) found.push(...nodesBelow(path));
    } else if ((entry.isCharacterDevice() || entry.isBlockDevice()) && path !== '/dev/console') {
      const device = deviceOf(path, statSync(path));
      if (device) found.push(device);
    }
  }
  return found;
}

function deviceOf(path: string, stats: Stats): OciDevice | undefined {
  const type = stats.isCharacterDevice() ? 'c' : stats.isBlockDevice() ? 'b' : undefined;
  if (!type) return undefined;
  const { major, minor } = splitDeviceNumber(BigInt(stats.rdev));
  return {
    path,
    type,
    major,
    minor,
    fileMode: stats.mode & 0o777,
    uid: stats.uid,
    gid: stats.gid,
  };
}

/** Linux's encoding (include/linux/kdev_t.h, the form of user space). */
function splitDeviceNumber(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn)),
  };
}

function reason(cause: unknown): string {
  const { code } = cause as { code?: string };
  return code === 'ENOENT' ? 'no such file or directory' : errorMessage(cause);
}
