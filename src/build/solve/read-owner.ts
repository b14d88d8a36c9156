import type { RootFiles } from '../ports.ts';
import { needsUserFiles, type Owner, parseOwner, type UserFiles } from './users.ts';

const largestUserFileBytes = 8 * 2 ** 20;
const noFiles: UserFiles = { passwd: '', group: '' };

/** The owner `user[:group]` means in a root, which is mounted only when names are to be looked up. Throws `not-found` for an unknown name. */
export async function readOwner(
  rootFiles: RootFiles,
  mount: () => Promise<string>,
  user: string,
): Promise<Owner> {
  if (!needsUserFiles(user)) return parseOwner(user, noFiles);
  const rootPath = await mount();
  const read = async (path: string) =>
    Buffer.from(
      (await rootFiles.read(rootPath, path, largestUserFileBytes)) ?? new Uint8Array(),
    ).toString();
  const [passwd, group] = await Promise.all([read('/etc/passwd'), read('/etc/group')]);
  return parseOwner(user, { passwd, group });
}
