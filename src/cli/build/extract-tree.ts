import { createWriteStream } from 'node:fs';
import { chmod, link, lstat, mkdir, rm, symlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { errnoCode, invalid } from '../../core/index.ts';
import { cleanMemberPath, readTar, type TarEntry } from '../../image/index.ts';

/**
 * Writes an archive's files, folders and links below a folder; owners and devices are left out, as
 * an ordinary user could not make them. Nothing is ever written through a symbolic link.
 */
export async function extractTree(archive: Readable, folder: string): Promise<void> {
  const folderTimes: { path: string; entry: TarEntry }[] = [];
  for await (const { entry, content } of readTar(archive)) {
    const name = cleanMemberPath(entry.path);
    if (name === '') continue;
    const path = join(folder, name);
    await refuseLinkedParents(folder, name);
    await mkdir(dirname(path), { recursive: true });
    switch (entry.type) {
      case 'directory':
        await makeFolder(path);
        await chmod(path, entry.mode & 0o777);
        folderTimes.push({ path, entry });
        break;
      case 'file':
        await rm(path, { force: true, recursive: true });
        await pipeline(
          content(),
          createWriteStream(path, { flags: 'wx', mode: entry.mode & 0o777 }),
        );
        await chmod(path, entry.mode & 0o777);
        await utimes(path, entry.mtimeS, entry.mtimeS);
        break;
      case 'symlink':
        await rm(path, { force: true, recursive: true });
        await symlink(entry.linkTarget, path);
        break;
      case 'hardlink': {
        const target = cleanMemberPath(entry.linkTarget);
        await refuseLinkedParents(folder, target);
        await rm(path, { force: true, recursive: true });
        await link(join(folder, target), path);
        break;
      }
    }
  }
  for (const { path, entry } of folderTimes.reverse())
    await utimes(path, entry.mtimeS, entry.mtimeS);
}

async function makeFolder(path: string): Promise<void> {
  const found = await lstat(path).catch(missing);
  if (found !== undefined && !found.isDirectory()) await rm(path);
  await mkdir(path, { recursive: true });
}

/** An archive that made a link must not then write through it. */
async function refuseLinkedParents(folder: string, name: string): Promise<void> {
  const parts = name.split('/').slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const parent = join(folder, ...parts.slice(0, depth));
    const found = await lstat(parent).catch(missing);
    if (found === undefined) return;
    if (!found.isDirectory())
      throw invalid(`write output: ${name} leads through ${parent}, which is not a folder`);
  }
}

function missing(error: unknown): undefined {
  if (errnoCode(error) !== 'ENOENT') throw error;
}
