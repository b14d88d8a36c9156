import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  conflict,
  errnoCode,
  errorMessage,
  invalid,
  notFound,
  randomId,
  unsupported,
} from '../../core/index.ts';
import { mountsBelow, unmount } from '../../linux/index.ts';
import type { Database } from '../../store/index.ts';
import type { Events } from '../events/events.ts';
import { openVolumeRecords } from './volume-records.ts';
import type { Volume, Volumes } from './volumes.ts';

export interface VolumesOptions {
  /** Folder that holds `<name>/_data`; made when absent. */
  readonly rootPath: string;
  readonly database: Database;
  readonly events?: Pick<Events, 'publish'>;
  readonly now?: () => number;
}

const run = promisify(execFile);
const removedPrefix = '.removed-';
const knownOptions = new Set(['type', 'device', 'o', 'size']);

/** Volumes of the `local` driver. A record is written before its folder, and goes after it. */
export function createVolumes(options: VolumesOptions): Volumes {
  const { rootPath, database, events, now = Date.now } = options;
  const mountpointOf = (name: string) => join(rootPath, name, '_data');
  const records = openVolumeRecords(database, mountpointOf);
  /** Containers that run with a volume, by volume. */
  const running = new Map<string, Set<string>>();
  /** Volumes being mounted or unmounted wait for each other. */
  const turns = new Map<string, Promise<unknown>>();

  function tell(action: string, name: string, attributes: Record<string, string> = {}): void {
    events?.publish({
      type: 'volume',
      action,
      actorId: name,
      attributes: { driver: 'local', ...attributes },
    });
  }

  function get(name: string): Volume {
    const volume = records.get(name);
    if (volume === undefined) throw notFound(`get ${name}: no such volume`);
    return volume;
  }

  function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(name) ?? Promise.resolve()).then(work, work);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    turns.set(name, settled);
    settled.then(() => turns.get(name) === settled && turns.delete(name));
    return turn;
  }

  async function enter(volume: Volume, containerId: string): Promise<void> {
    const users = running.get(volume.name) ?? new Set();
    running.set(volume.name, users);
    await mkdir(volume.mountpoint, { recursive: true, mode: 0o755 });
    if (users.size === 0 && isMounted(volume)) await mountDevice(volume);
    if (!users.has(containerId))
      tell('mount', volume.name, { container: containerId, destination: '' });
    users.add(containerId);
  }

  async function leave(name: string, containerId: string): Promise<void> {
    const users = running.get(name);
    if (!users?.delete(containerId) || users.size > 0) return;
    running.delete(name);
    const volume = records.get(name);
    if (volume && isMounted(volume)) await unmount(volume.mountpoint, { lazy: true });
    tell('unmount', name, { container: containerId });
  }

  async function removeFolder(name: string): Promise<void> {
    const gone = join(rootPath, removedPrefix + randomId().slice(0, 32));
    await rename(join(rootPath, name), gone).catch(missingIsFine);
    await rm(gone, { recursive: true, force: true });
  }

  return {
    get,
    list: () => records.list(),

    async create({
      name = randomId(),
      driver = 'local',
      options: driverOptions = {},
      labels = {},
      anonymous = false,
    }) {
      if (driver !== 'local' && driver !== '') {
        throw notFound(
          `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`,
        );
      }
      checkName(name);
      checkOptions(name, driverOptions);
      const existing = records.get(name);
      if (existing) return existing;
      records.insert({
        name,
        driver: 'local',
        mountpoint: mountpointOf(name),
        createdAtMs: now(),
        labels,
        options: driverOptions,
        anonymous,
      });
      await mkdir(mountpointOf(name), { recursive: true, mode: 0o755 });
      tell('create', name);
      return get(name);
    },

    remove: (name, { force = false } = {}) =>
      inTurn(name, async () => {
        if (records.get(name) === undefined) {
          if (force) return;
          throw notFound(`get ${name}: no such volume`);
        }
        const users = records.usersOf(name);
        if (users.length > 0)
          throw conflict(`remove ${name}: volume is in use - [${users.join(', ')}]`);
        await unmount(mountpointOf(name), { lazy: true });
        await removeFolder(name);
        records.delete(name);
        tell('destroy', name);
      }),

    mount: (name, containerId) =>
      inTurn(name, async () => {
        const volume = get(name);
        await enter(volume, containerId);
        return volume.mountpoint;
      }),

    async unmount(containerId) {
      for (const name of [...running.keys()]) await inTurn(name, () => leave(name, containerId));
    },

    async adopt(found) {
      await mkdir(rootPath, { recursive: true, mode: 0o711 });
      for (const { containerId, volumes } of found) {
        for (const name of volumes) {
          const users = running.get(name) ?? new Set();
          running.set(name, users.add(containerId));
        }
      }
      for (const { path } of await mountsBelow(rootPath)) {
        const name = path.slice(rootPath.length + 1).split('/')[0]!;
        if (!running.has(name)) await unmount(path, { lazy: true });
      }
      for (const entry of await readdir(rootPath)) {
        if (entry.startsWith(removedPrefix))
          await rm(join(rootPath, entry), { recursive: true, force: true });
      }
    },

    acquire(name, containerId) {
      records.addUser(get(name).name, containerId);
    },

    release(containerId) {
      const names = records.removeUser(containerId);
      return names.filter(
        (name) => records.get(name)?.anonymous && records.usersOf(name).length === 0,
      );
    },

    async usage(name) {
      const { mountpoint } = get(name);
      const { stdout } = await run('du', ['-s', '--block-size=1', '--', mountpoint]);
      return { sizeBytes: Number(stdout.split('\t')[0]), references: records.usersOf(name).length };
    },
  };
}

function isMounted({ options }: Volume): boolean {
  return options.device !== undefined || options.type !== undefined;
}

async function mountDevice({ name, options, mountpoint }: Volume): Promise<void> {
  const { type = 'none', device = type, o } = options;
  const args = ['-t', type, ...(o ? ['-o', o] : []), '--', device, mountpoint];
  try {
    await run('mount', args);
  } catch (cause) {
    throw invalid(
      `failed to mount local volume ${name}: mount ${device}:${mountpoint}: ${errorMessage(cause).trim()}`,
      { cause },
    );
  }
}

function checkName(name: string): void {
  if (name.length < 2) {
    throw invalid('volume name is too short, names should be at least two alphanumeric characters');
  }
  if (name.length > 255 || !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw invalid(
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}

function checkOptions(name: string, options: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(options)) {
    if (!knownOptions.has(key)) throw invalid(`create ${name}: invalid option: "${key}"`);
  }
  if (options.size !== undefined) {
    throw unsupported(`create ${name}: quota size requested but no quota support`);
  }
  if (options.o !== undefined && options.type === undefined && options.device === undefined) {
    throw invalid(`create ${name}: missing device in volume options`);
  }
}

function missingIsFine(error: unknown): void {
  if (errnoCode(error) !== 'ENOENT') throw error;
}
