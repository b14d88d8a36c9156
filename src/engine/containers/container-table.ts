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
  const rows = openRows(database);
  const byId = new Map(rows.readAll().map((record) => [record.id, record]));
  const idByName = new Map([...byId.values()].map(({ id, name }) => [name, id]));

  function find(ref: string): ContainerRecord {
    const id = idByName.get(ref.replace(/^\//, '')) ?? ref;
    return byId.get(id) ?? findByPrefix(byId, ref);
  }

  function change(id: string, members: Partial<ContainerRecord>): ContainerRecord {
    const old = byId.get(id);
    if (!old) throw noSuchContainer(id);
    const record = { ...old, ...members };
    rows.update(record);
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
      rows.insert(record);
      byId.set(record.id, record);
      idByName.set(record.name, record.id);
    },
    change,
    apply: (id, event, members) =>
      change(id, { ...members, state: transition(find(id).state, event) }),
    delete(id) {
      const record = byId.get(id);
      if (!record) return;
      rows.delete(id);
      byId.delete(id);
      idByName.delete(record.name);
    },
  };
}

function findByPrefix(byId: ReadonlyMap<string, ContainerRecord>, ref: string): ContainerRecord {
  const isPrefix = /^[0-9a-f]{1,63}$/.test(ref);
  const matches = isPrefix ? [...byId.values()].filter(({ id }) => id.startsWith(ref)) : [];
  if (matches.length > 1) throw conflict(`Multiple IDs found with provided prefix: ${ref}`);
  if (!matches[0]) throw noSuchContainer(ref);
  return matches[0];
}

function noSuchContainer(ref: string): Error {
  return notFound(`No such container: ${ref}`, { code: 'NO_SUCH_CONTAINER' });
}

interface Rows {
  readAll(): ContainerRecord[];
  insert(record: ContainerRecord): void;
  update(record: ContainerRecord): void;
  delete(id: string): void;
}

/**
 * Written without waiting for the disk: a killed daemon loses nothing, a machine without power may
 * lose the last moments of containers whose processes it lost as well.
 */
function openRows(database: Database): Rows {
  database.migrate('containers', migrations);
  const { sqlite } = database;
  const insert = sqlite.prepare('INSERT INTO containers VALUES (?, ?, ?)');
  const update = sqlite.prepare('UPDATE containers SET name = ?, record = ? WHERE id = ?');
  const remove = sqlite.prepare('DELETE FROM containers WHERE id = ?');
  const write = (work: () => unknown) => {
    sqlite.exec('PRAGMA synchronous = NORMAL');
    try {
      // On a full disk its reserve lets containers still end and go.
      database.transaction(work);
    } finally {
      sqlite.exec('PRAGMA synchronous = FULL');
    }
  };
  return {
    readAll: () =>
      sqlite
        .prepare('SELECT record FROM containers')
        .all()
        .map((row) => JSON.parse(String(row.record)) as ContainerRecord),
    insert: (record) => write(() => insert.run(record.id, record.name, JSON.stringify(record))),
    update: (record) => write(() => update.run(record.name, JSON.stringify(record), record.id)),
    delete: (id) => write(() => remove.run(id)),
  };
}
