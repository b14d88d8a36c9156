import { notFound } from '../core/index.ts';
import type { Right, User, Users } from '../registry/index.ts';
import type { Database } from '../store/index.ts';

const migrations = [
  `CREATE TABLE users (
     name TEXT PRIMARY KEY,
     password_hash TEXT NOT NULL,
     admin INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE user_rights (
     name TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
     pattern TEXT NOT NULL,
     actions TEXT NOT NULL,
     PRIMARY KEY (name, pattern)
   ) STRICT, WITHOUT ROWID`,
];

/** The people who may log in, in the database. */
export function createUsers(database: Database): Users {
  database.migrate('users', migrations);
  const { sqlite, transaction } = database;
  const one = sqlite.prepare('SELECT * FROM users WHERE name = ?');
  const all = sqlite.prepare('SELECT * FROM users ORDER BY name');
  const save = sqlite.prepare(
    `INSERT INTO users VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET password_hash = excluded.password_hash, admin = excluded.admin`,
  );
  const remove = sqlite.prepare('DELETE FROM users WHERE name = ?');
  const rights = sqlite.prepare(
    'SELECT pattern, actions FROM user_rights WHERE name = ? ORDER BY pattern',
  );
  const grant = sqlite.prepare(
    `INSERT INTO user_rights VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET actions = excluded.actions`,
  );
  const revoke = sqlite.prepare('DELETE FROM user_rights WHERE name = ? AND pattern = ?');
  return {
    async find(name) {
      const row = one.get(name);
      return row && userOf(row);
    },
    list: async () => all.all().map(userOf),
    async save({ name, passwordHash, admin }) {
      save.run(name, passwordHash, admin ? 1 : 0);
    },
    remove: async (name) => remove.run(name).changes > 0,
    rightsOf: async (name) => rights.all(name).map(rightOf),
    async grant(name, { pattern, actions }) {
      transaction(() => {
        if (!one.get(name)) throw notFound(`grant right to ${name}: no such user`);
        if (actions.length > 0) grant.run(name, pattern, actions.join(','));
        else revoke.run(name, pattern);
      });
    },
  };
}

function userOf(row: Record<string, unknown>): User {
  return {
    name: row.name as string,
    passwordHash: row.password_hash as string,
    admin: row.admin === 1,
  };
}

function rightOf(row: Record<string, unknown>): Right {
  return {
    pattern: row.pattern as string,
    actions: (row.actions as string).split(',') as unknown as Right['actions'],
  };
}
