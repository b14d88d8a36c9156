import { invalid, notFound } from '../../core/index.ts';
import { hashPassword } from './passwords.ts';
import type { Right } from './rights.ts';

export interface User {
  readonly name: string;
  /** As `hashPassword` gives it. */
  readonly passwordHash: string;
  /** Admins may do everything. */
  readonly admin: boolean;
}

/** Where users and their rights are kept; a user's rights go with the user. */
export interface Users {
  find(name: string): Promise<User | undefined>;
  list(): Promise<User[]>;
  /** Adds the user, or replaces the one of that name. */
  save(user: User): Promise<void>;
  /** False when there was none. */
  remove(name: string): Promise<boolean>;
  rightsOf(name: string): Promise<readonly Right[]>;
  /** Replaces the user's right on the pattern; without actions it is taken away. */
  grant(name: string, right: Right): Promise<void>;
}

/** Users as an administrator sees them; the backend of the platform API's `/v1/users`. */
export function userAccounts(users: Users) {
  return {
    /** Creates the user, or gives an existing one a new password. Throws `invalid` for a bad name. */
    async setPassword(name: string, password: string, { admin }: { admin: boolean }) {
      if (!isUserName(name)) {
        throw invalid(
          `set user "${name.slice(0, 80)}": a name has 1 to 64 of a-z, 0-9, ".", "_" and "-"`,
        );
      }
      if (password === '') throw invalid(`set user ${name}: the password is empty`);
      await users.save({ name, passwordHash: await hashPassword(password), admin });
    },
    /** Throws `not-found`. */
    async remove(name: string) {
      if (!(await users.remove(name))) throw notFound(`remove user ${name}: no such user`);
    },
    async list() {
      return (await users.list()).map(({ name, admin }) => ({ name, admin }));
    },
  };
}

function isUserName(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text);
}

/** Users that live as long as the process, for tests. */
export function memoryUsers(): Users {
  const users = new Map<string, { user: User; rights: Map<string, Right> }>();
  return {
    find: async (name) => users.get(name)?.user,
    list: async () => [...users.values()].map(({ user }) => user).sort(byName),
    async save(user) {
      users.set(user.name, { rights: new Map(), ...users.get(user.name), user });
    },
    remove: async (name) => users.delete(name),
    rightsOf: async (name) =>
      [...(users.get(name)?.rights.values() ?? [])].sort((a, b) =>
        a.pattern < b.pattern ? -1 : 1,
      ),
    async grant(name, right) {
      const entry = users.get(name);
      if (!entry) throw notFound(`grant right to ${name}: no such user`);
      if (right.actions.length > 0) entry.rights.set(right.pattern, right);
      else entry.rights.delete(right.pattern);
    },
  };
}

function byName(a: User, b: User): number {
  return a.name < b.name ? -1 : 1;
}
