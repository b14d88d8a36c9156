import { notFound } from '../../core/index.ts';

/** A user and a group by number. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Files of a filesystem that name its users and groups, as text; '' when missing. */
export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

const largestId = 2 ** 32 - 2;

/** Does it name anything that has to be looked up? */
export function needsUserFiles(user: string): boolean {
  return user.split(':').some((part) => part !== '' && !isNumber(part));
}

/**
 * The owner that `user[:group]` means, names looked up in the image's own files. A number without a
 * group is its own group, as COPY --chown has it. Throws `not-found`.
 */
export function parseOwner(text: string, files: UserFiles): Owner {
  const colon = text.indexOf(':');
  const user = colon < 0 ? text : text.slice(0, colon);
  const group = colon < 0 ? '' : text.slice(colon + 1);
  const found = user === '' ? { uid: 0, gid: 0 } : findUser(user, files.passwd);
  if (group === '') return found;
  return { uid: found.uid, gid: findGroup(group, files.group) };
}

function isNumber(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= largestId;
}

function findUser(user: string, passwd: string): Owner {
  if (isNumber(user)) return { uid: Number(user), gid: Number(user) };
  for (const [name, , uid = '', gid = ''] of records(passwd)) {
    if (name === user && isNumber(uid) && isNumber(gid))
      return { uid: Number(uid), gid: Number(gid) };
  }
  // An image without a passwd file still has its root.
  if (user === 'root') return { uid: 0, gid: 0 };
  throw notFound(`unable to find user ${user}: no matching entries in passwd file`);
}

function findGroup(group: string, file: string): number {
  if (isNumber(group)) return Number(group);
  for (const [name, , gid = ''] of records(file)) {
    if (name === group && isNumber(gid)) return Number(gid);
  }
  throw notFound(`unable to find group ${group}: no matching entries in group file`);
}

function* records(text: string): Iterable<string[]> {
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed !== '' && !trimmed.startsWith('#')) yield trimmed.split(':');
  }
}
