import type { OciUser } from '../bundle/spec.ts';
import { resolveUser } from '../bundle/users.ts';
import { readInsideRoot } from '../files/inside-root.ts';

const longestDatabaseBytes = 4 << 20;

/** A user by the user database of a root. Throws `invalid` for a name it does not know. */
export function userInside(
  rootPath: string,
  user: string,
  addedGroups: readonly string[] = [],
): OciUser & { home: string } {
  const read = (path: string) =>
    readInsideRoot(rootPath, path, longestDatabaseBytes)?.toString() ?? '';
  const database = { passwd: read('/etc/passwd'), group: read('/etc/group') };
  return resolveUser(user, database, addedGroups);
}
