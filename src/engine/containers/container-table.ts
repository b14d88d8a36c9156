import { conflict, notFound } from '../../core/index.ts';
import type { Database } from '../../store/index.ts';
import type { ContainerRecord } from './container-record.ts';
import { nameTaken } from './names.ts';
import { type ContainerEvent, transition } from './transition.ts';

const migrations = [
  `CREATE TABLE containers (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     record TEXT NOT NULL
   ) STRICT`,
];

/** Every container by id, in memory and in the database. Reading is free, a change is one write. */
export interface ContainerTable {
  /** By full id, name, or unambiguous id prefix. Throws `not-found` in Docker's words. */
  find(ref: string): ContainerRecord;
  /** Undefined when it is gone. */
  get(id: string): ContainerRecord | undefined;
  list(): readonly ContainerRecord[];
  /** Holds a name for a container being made, until it is added or the hold is disposed. */
  reserve(name: string, id: string): Disposable;
  isNameTaken(name: string): boolean;
  add(record: ContainerRecord): void;
  /** Replaces members; gives the new record. Throws `not-found` when it is gone. */
  change(id: string, members: Partial<ContainerRecord>): ContainerRecord;
  /** As `change`, with the state after an event. */
  apply(id: string, event: ContainerEvent, members?: Partial<ContainerRecord>): ContainerRecord;
  delete(id: string): void;
}

export function openContainerTable(database: Database): ContainerTable {
  database.migrate('containers', migrations);
  const { sqlite } = database;
  const insert = sqlite.prepare('INSERT INTO containers VALUES (?, ?, ?)');
  const update = sqlite.prepare('UPDATE containers SET name = ?, record = ? WHERE id = ?');
  const remove = sqlite.prepare('DELETE FROM containers WHERE id = ?');
  const byId = new Map<string, ContainerRecord>();
  const idByName = new Map<string, string>();
  for (const row of sqlite.prepare('SELECT record FROM containers').all()) {
    const record = JSON.parse(String(row.record)) as ContainerRecord;
    byId.set(record.id, record);
    idByName.set(record.name, record.id);
  }

  /**
   * Without waiting for the disk: a killed daemon loses nothing, a machine without power may lose
   * the last moments of containers whose processes it lost as well.
   */
  function write(work: () => void): void {
    sqlite.exec('PRAGMA synchronous = NORMAL');
    try {
      // On a full disk its reserve lets containers still end and go.
      database.transaction(work);
    } finally {
      sqlite.exec('PRAGMA synchronous = FULL');
    }
  }

  function find(ref: string): ContainerRecord {
    const exact = byId.get(ref) ?? byId.get(idByName.get(ref.replace(/^\//, '')) ?? '');
    if (exact) return exact;
    const matches = /^[0-9a-f]{1,63}$/.test(ref)
      ? [...byId.keys()].filter((id) => id.startsWith(ref))
      : [];
    if (matches.length > 1) throw conflict(`Multiple IDs found with provided prefix: ${ref}`);
    const record = byId.get(matches[0] ?? '');
    if (!record) throw notFound(`No such container: ${ref}`, { code: 'NO_SUCH_CONTAINER' });
    return record;
  }

  function change(id: string, members: Partial<ContainerRecord>): ContainerRecord {
    const old = byId.get(id);
    if (!old) throw notFound(`No such container: ${id}`, { code: 'NO_SUCH_CONTAINER' });
    const record = { ...old, ...members };
    write(() => update.run(record.name, JSON.stringify(record), id));
    byId.set(id, record);
    if (record.name !== old.name) {
      idByName.delete(old.name);
      idByName.set(record.name, id);
    }
    return record;
  }

  return {
    find,
    get: (id) => byId.get(id),
    list: () => [...byId.values()],
    isNameTaken: (name) => idByName.has(name),
    reserve(name, id) {
      const owner = idByName.get(name);
      if (owner !== undefined) throw nameTaken(name, owner);
      idByName.set(name, id);
      return {
        [Symbol.dispose]() {
          if (byId.get(id)?.name !== name) idByName.delete(name);
        },
      };
    },
    add(record) {
      write(() => insert.run(record.id, record.name, JSON.stringify(record)));
      byId.set(record.id, record);
      idByName.set(record.name, record.id);
    },
    change,
    apply: (id, event, members) =>
      change(id, { ...members, state: transition(find(id).state, event) }),
    delete(id) {
      const record = byId.get(id);
      if (!record) return;
      write(() => remove.run(id));
      byId.delete(id);
      idByName.delete(record.name);
    },
  };
}
