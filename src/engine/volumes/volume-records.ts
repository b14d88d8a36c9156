import type { Database } from '../../store/index.ts';
import type { Volume } from './volumes.ts';

const migrations = [
  `CREATE TABLE volumes (
     name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, anonymous INTEGER NOT NULL,
     labels TEXT NOT NULL, options TEXT NOT NULL) STRICT;
   CREATE TABLE volume_users (
     volume TEXT NOT NULL REFERENCES volumes (name), container TEXT NOT NULL,
     PRIMARY KEY (volume, container)) STRICT;
   CREATE INDEX volume_users_by_container ON volume_users (container);`,
];

/** Volumes and who uses them, in the database; each write is durable when it returns. */
export interface VolumeRecords {
  get(name: string): Volume | undefined;
  list(): Volume[];
  insert(volume: Volume): void;
  delete(name: string): void;
  usersOf(name: string): string[];
  addUser(name: string, containerId: string): void;
  /** Takes a container's name away everywhere; gives the volumes it used. */
  removeUser(containerId: string): string[];
}

export function openVolumeRecords(
  database: Database,
  mountpointOf: (name: string) => string,
): VolumeRecords {
  database.migrate('volumes', migrations);
  const { sqlite } = database;
  const one = sqlite.prepare('SELECT * FROM volumes WHERE name = ?');
  const all = sqlite.prepare('SELECT * FROM volumes ORDER BY name');
  const insert = sqlite.prepare('INSERT INTO volumes VALUES (?, ?, ?, ?, ?)');
  const remove = sqlite.prepare('DELETE FROM volumes WHERE name = ?');
  const users = sqlite.prepare(
    'SELECT container FROM volume_users WHERE volume = ? ORDER BY rowid',
  );
  const used = sqlite.prepare('SELECT volume FROM volume_users WHERE container = ? ORDER BY rowid');
  const addUser = sqlite.prepare('INSERT OR IGNORE INTO volume_users VALUES (?, ?)');
  const removeUser = sqlite.prepare('DELETE FROM volume_users WHERE container = ?');

  const volumeOf = (row: Record<string, unknown>): Volume => ({
    name: row.name as string,
    driver: 'local',
    mountpoint: mountpointOf(row.name as string),
    createdAtMs: Number(row.created_ms),
    labels: JSON.parse(row.labels as string) as Record<string, string>,
    options: JSON.parse(row.options as string) as Record<string, string>,
    anonymous: row.anonymous === 1,
  });

  return {
    get(name) {
      const row = one.get(name);
      return row && volumeOf(row);
    },
    list: () => all.all().map(volumeOf),
    insert({ name, createdAtMs, anonymous, labels, options }) {
      insert.run(
        name,
        createdAtMs,
        Number(anonymous),
        JSON.stringify(labels),
        JSON.stringify(options),
      );
    },
    delete: (name) => void remove.run(name),
    usersOf: (name) => users.all(name).map((row) => row.container as string),
    addUser: (name, containerId) => void addUser.run(name, containerId),
    removeUser: (containerId) =>
      database.transaction(() => {
        const volumes = used.all(containerId).map((row) => row.volume as string);
        removeUser.run(containerId);
        return volumes;
      }),
  };
}
