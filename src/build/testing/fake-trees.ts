import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';
import {
  collect,
  type FileEntry,
  fileTypes,
  finishDigest,
  invalid,
  notFound,
  unavailable,
  updateActions,
} from '../../core/index.ts';
import { readTar } from '../../image/index.ts';
import type { CopyRequest, RootFiles, Trees } from '../ports.ts';
import type { ReceiveRequest, UpdateRequest } from '../synced-folders.ts';

/**
 * Trees on a temporary folder, as plain as can be and without root's powers: owners are not kept.
 * For tests of the builder; the real ones stand in store/.
 */
export function createFakeTrees(): Trees {
  return {
    async unpack(archive, directory, _signal, limits) {
      let entries = 0;
      for await (const { entry, content } of readTar(archive)) {
        if (limits && ++entries > limits.entries) throw invalid('unpack: too many entries');
        const path = join(directory, posix.normalize(`/${entry.path}`));
        mkdirSync(dirname(path), { recursive: true });
        if (entry.type === 'directory') mkdirSync(path, { recursive: true });
        else if (entry.type === 'symlink') symlinkSync(entry.linkTarget, path);
        else writeFileSync(path, await collect(content(), 1 << 30), { mode: entry.mode });
      }
      return { rootPath: directory, entries: entriesOf(directory) };
    },
    async scan(rootPath, path) {
      const real = join(rootPath, posix.normalize(`/${path}`));
      if (!existsSync(real)) throw notFound(`scan ${path}: not found`);
      return { rootPath: real, entries: entriesOf(real) };
    },
    remove: async (directory) => rmSync(directory, { recursive: true, force: true }),
    measure: async (directory) =>
      [...entriesOf(directory).values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    async copy(request) {
      const surroundings = surroundingsOf(request);
      copy(request);
      return surroundings;
    },
    receive,
    update: async (request) => update(request),
    settle: async () => {},
  };
}

async function receive({ staging, wanted, pieces }: ReceiveRequest): Promise<Uint8Array> {
  const ended = new Set<number>();
  for await (const batch of pieces) {
    for (const { number, bytes, isLast } of batch) {
      if (!wanted.includes(number) || ended.has(number)) throw invalid('receive: not asked for');
      appendFileSync(join(staging, `${number}`), bytes);
      if (isLast) ended.add(number);
    }
  }
  if (ended.size < wanted.length) throw unavailable('receive: a file did not come whole');
  const digests = [...wanted].map((number) =>
    createHash('sha256')
      .update(readFileSync(join(staging, `${number}`)))
      .digest(),
  );
  return new Uint8Array(Buffer.concat(digests));
}

function update({ directory, listed, actions, removed, staging, base }: UpdateRequest): void {
  for (const path of removed) rmSync(join(directory, path), { recursive: true });
  for (const [number, path] of listed.paths.entries()) {
    const at = join(directory, path);
    const action = actions[number];
    const link = listed.links.get(number) ?? '';
    if (action === updateActions.move) renameSync(join(staging, `${number}`), at);
    else if (action === updateActions.link) linkSync(join(base!, path), at);
    else if (action !== updateActions.make) continue;
    else if (listed.types[number] === fileTypes.indexOf('directory')) mkdirSync(at);
    else if (listed.types[number] === fileTypes.indexOf('file'))
      linkSync(join(directory, link), at);
    else symlinkSync(link, at);
    if (action !== updateActions.move) continue;
    chmodSync(at, listed.modes[number]!);
    const timeS = Number(listed.mtimesNs[number]! / 1_000_000n) / 1000;
    lutimesSync(at, timeS, timeS);
  }
}

/** What stands below a folder, itself under ''. */
export function entriesOf(root: string): Map<string, FileEntry> {
  const entries = new Map<string, FileEntry>();
  const visit = (path: string): void => {
    const real = join(root, path);
    const entry = entryOf(real);
    entries.set(path, entry);
    if (entry.type !== 'directory') return;
    for (const name of readdirSync(real)) visit(path === '' ? name : `${path}/${name}`);
  };
  visit('');
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function entryOf(path: string): FileEntry {
  const stat = lstatSync(path);
  const type = stat.isSymbolicLink() ? 'symlink' : stat.isDirectory() ? 'directory' : 'file';
  return {
    type,
    mode: stat.mode & 0o7777,
    uid: 0,
    gid: 0,
    sizeBytes: type === 'file' ? stat.size : 0,
    mtimeMs: Math.floor(stat.mtimeMs),
    linkTarget: type === 'symlink' ? readlinkSync(path) : '',
    digest:
      type === 'file' ? finishDigest(createHash('sha256').update(readFileSync(path))) : undefined,
  };
}

/** What stands at each target and above it. */
function surroundingsOf({ targetRoot, items }: CopyRequest): string[] {
  const notes: string[] = [];
  for (const { targetPath } of items) {
    for (let path = targetPath; path !== '/'; path = dirname(path)) {
      notes.push(surroundingOf(targetRoot, posix.join('/', path)));
    }
  }
  return notes;
}

function surroundingOf(root: string, path: string): string {
  const stat = lstatSync(join(root, path), { throwIfNoEntry: false });
  return `${path} ${stat ? `${stat.isDirectory()} ${stat.mode}` : 'nothing'}`;
}

/** Whether a root answers what another one answered. */
export function hasSurroundings(root: string, notes: readonly string[]): boolean {
  return notes.every((note) => surroundingOf(root, note.split(' ', 1)[0]!) === note);
}

function copy(request: CopyRequest): void {
  for (const { sourcePath, targetPath, shallow, contents, under } of request.items) {
    const whole = join(request.targetRoot, targetPath);
    const isDirectory = existsSync(whole) && lstatSync(whole).isDirectory();
    const target = under !== undefined && isDirectory ? join(whole, under) : whole;
    mkdirSync(dirname(target), { recursive: true });
    if (contents && !existsSync(target)) mkdirSync(target, { recursive: true, mode: 0o755 });
    copyOne(request, { path: sourcePath, target, shallow });
  }
}

function copyOne(
  request: CopyRequest,
  { path, target, shallow }: { path: string; target: string; shallow?: boolean },
): void {
  if (request.skip?.has(path)) return;
  const source = join(request.sourceRoot, path);
  const { type, mode, linkTarget, mtimeMs } = entryOf(source);
  const wanted =
    typeof request.mode === 'number'
      ? request.mode
      : (request.mode?.[mode | (type === 'directory' ? 0o10000 : 0)] ?? mode);
  if (type === 'directory') {
    if (!existsSync(target)) mkdirSync(target, { mode: wanted });
    else if (!lstatSync(target).isDirectory()) {
      throw invalid(`cannot copy to non-directory: ${target}`);
    }
    for (const name of shallow ? [] : readdirSync(source)) {
      copyOne(request, { path: posix.join(path, name), target: join(target, name) });
    }
    return;
  }
  rmSync(target, { force: true });
  if (type === 'symlink') symlinkSync(linkTarget, target);
  else if (request.mayLink && request.mode === undefined) linkSync(source, target);
  else {
    writeFileSync(target, readFileSync(source));
    chmodSync(target, wanted);
  }
  const timeS = request.epochS ?? mtimeMs / 1000;
  lutimesSync(target, timeS, timeS);
}

export function createFakeRootFiles(): RootFiles {
  const at = (rootPath: string, path: string) => join(rootPath, posix.normalize(`/${path}`));
  return {
    async read(rootPath, path) {
      const real = at(rootPath, path);
      return existsSync(real) ? readFileSync(real) : undefined;
    },
    async kindOf(rootPath, path) {
      const real = at(rootPath, path);
      if (!existsSync(real)) return undefined;
      return lstatSync(real).isDirectory() ? 'directory' : 'other';
    },
    async list(rootPath, path) {
      const real = at(rootPath, path);
      return existsSync(real) ? readdirSync(real) : undefined;
    },
  };
}
