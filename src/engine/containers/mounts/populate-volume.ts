import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { constants as os } from 'node:os';
import { internal, invalid } from '../../../core/index.ts';
import {
  check,
  closeFd,
  cwdFd,
  isDirectory,
  openAt,
  openInRoot,
  pathOnly,
  statAt,
} from '../../../linux/index.ts';

const absent = new Set([-os.errno.ENOENT, -os.errno.ENOTDIR, -os.errno.ELOOP]);

/**
 * Fills an empty volume with what a root has at a path, owner and mode of the folder itself included;
 * a volume that holds anything stays as it is. The path is followed inside the root only. Throws
 * `invalid` when there is a file at the path.
 */
export async function populateVolume(
  rootPath: string,
  path: string,
  volumePath: string,
): Promise<void> {
  if ((await readdir(volumePath)).length > 0) return;
  const rootFd = check(openAt(cwdFd, rootPath, pathOnly | constants.O_DIRECTORY), 'open', rootPath);
  const fd = openInRoot(rootFd, path, pathOnly);
  closeFd(rootFd);
  if (absent.has(fd)) return;
  check(fd, 'openat2', path);
  try {
    const stat = statAt(fd, '');
    if (typeof stat === 'number' || !isDirectory(stat)) {
      throw invalid(`cannot mount volume over existing file, file exists ${path}`);
    }
    // By this process's descriptor: the path could be made to lead elsewhere meanwhile.
    await copyTree(`/proc/${process.pid}/fd/${fd}/.`, volumePath);
  } finally {
    closeFd(fd);
  }
}

function copyTree(source: string, target: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('cp', ['-a', '--reflink=auto', '--', source, target], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 1000) said += chunk;
    });
    child.on('error', (cause) => reject(internal(`populate volume: ${cause.message}`, { cause })));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(internal(`populate volume ${target}: ${said.trim() || `cp ended with ${code}`}`));
    });
  });
}
