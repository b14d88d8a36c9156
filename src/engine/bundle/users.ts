import { invalid } from '../../core/index.ts';
import type { OciUser } from './spec.ts';

/** The text of `/etc/passwd` and `/etc/group` of a container; '' for a missing file. */
export interface UserDatabase {
  readonly passwd: string;
  readonly group: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const highestId = 2 ** 31 - 1;

/**
 * The user of a process from Docker's `user[:group]`, each a name or a number; '' is root. Groups of
 * the user are added when no group is given; `addedGroups` always. Throws `invalid` with
 * libcontainer's words for a name the image does not know.
 */
export function resolveUser(
  text: string,
  database: UserDatabase,
  addedGroups: readonly string[] = [],
): OciUser & { home: string } {
  const colon = text.indexOf(':');
  const userText = colon < 0 ? text : text.slice(0, colon);
  const groupText = colon < 0 ? '' : text.slice(colon + 1);
  const entry = findUser(userText, parsePasswd(database.passwd));
  const uid = entry?.uid ?? (userText === '' ? 0 : parseId(userText));
  if (uid === undefined) {
    throw invalid(`unable to find user ${userText}: no matching entries in passwd file`);
  }
  const groups = parseGroup(database.group);
  const gid = groupText === '' ? (entry?.gid ?? 0) : findGroup(groupText, groups);
  const memberships =
    groupText === '' && entry
      ? groups.filter(({ members }) => members.includes(entry.name)).map((group) => group.gid)
      : [];
  const added = addedGroups.map((group) => findGroup(group, groups));
  return {
    uid,
    gid,
    additionalGids: [...new Set([gid, ...memberships, ...added])],
    home: entry?.home || '/',
  };
}

function findUser(text: string, entries: readonly PasswdEntry[]): PasswdEntry | undefined {
  const id = text === '' ? 0 : parseId(text);
  return entries.find(({ name, uid }) => (id === undefined ? name === text : uid === id));
}

function findGroup(text: string, groups: readonly GroupEntry[]): number {
  const id = parseId(text);
  if (id !== undefined) return id;
  const group = groups.find(({ name }) => name === text);
  if (!group) throw invalid(`unable to find group ${text}: no matching entries in group file`);
  return group.gid;
}

function parseId(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > highestId) throw invalid(`uids and gids must be in range 0-${highestId}: ${text}`);
  return id;
}

function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).map(([name = '', , uid, gid, , home = '']) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    home,
  }));
}

function parseGroup(text: string): GroupEntry[] {
  return lines(text).map(([name = '', , gid, members = '']) => ({
    name,
    gid: Number(gid),
    members: members.split(',').filter(Boolean),
  }));
}

/** Lines in which the third field is a number; an image may hold anything else. */
function lines(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter((fields) => fields[0] !== '' && /^\d+$/.test(fields[2] ?? ''));
}
