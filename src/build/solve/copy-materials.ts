import { createHash } from 'node:crypto';
import { mkdir, open, rename, utimes, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import {
  type ByteStream,
  type Digest,
  digestOf,
  finishDigest,
  invalid,
  unavailable,
} from '../../core/index.ts';
import { parseGitAddress, withoutLogins } from '../context/git-address.ts';
import type { CopyAction, CopySource } from '../plan/actions.ts';
import type { HttpContent } from '../ports.ts';
import type { BuildScope } from './build-scope.ts';
import type { SourceFiles } from './file-source.ts';
import type { Owner } from './users.ts';

/** One source of a COPY or ADD, its content known; `files` brings it to the disk when it is needed. */
export interface Material {
  readonly digest: Digest;
  /** Text the digest is of, for explanations. */
  readonly listing: string | undefined;
  files(signal: AbortSignal): Promise<MaterialFiles>;
}

export interface MaterialFiles {
  readonly items: readonly MaterialItem[];
  /** Undefined keeps the owners the files have. */
  readonly owner: Owner | undefined;
  readonly mayLink: boolean;
}

export interface MaterialItem {
  readonly sourceRoot: string;
  readonly sourcePath: string;
  readonly isDirectory: boolean;
  /** Name below the destination; '' for a directory's contents. */
  readonly under: string;
  readonly keepsPath: boolean;
  readonly shallow: boolean;
  readonly skip: ReadonlySet<string>;
  /** Came out of an archive: owners and modes are the archive's unless --chown says otherwise. */
  readonly unpacked: boolean;
}

/** How much an archive that ADD unpacks may grow to. */
const unpackLimits = { entries: 2_000_000, bytes: 64 * 2 ** 30 };

/** Gets to know a source's content, fetching it where there is no other way. */
export function lookAtSource(
  scope: BuildScope,
  action: CopyAction,
  { source, signal }: { source: CopySource; signal: AbortSignal },
): Promise<Material> {
  switch (source.kind) {
    case 'path':
      return pathMaterial(scope, action, { source, signal });
    case 'inline':
      return inlineMaterial(scope, source);
    case 'http':
      return httpMaterial(scope, source, signal);
    case 'git':
      return gitMaterial(scope, source, signal);
  }
}

type Source<Kind extends CopySource['kind']> = Extract<CopySource, { kind: Kind }>;

async function pathMaterial(
  scope: BuildScope,
  { excludes, parents }: CopyAction,
  { source, signal }: { source: Source<'path'>; signal: AbortSignal },
): Promise<Material> {
  const from = await scope.source(source.origin);
  const found = await from.select({ patterns: [source.path], excludes, parents }, signal);
  const { digest, listing } = found;
  return {
    digest,
    listing,
    async files(atMake) {
      const plain = { items: itemsOf(found), owner: from.owner, mayLink: from.mayLink };
      return source.unpack ? unpackArchives(scope, plain, atMake) : plain;
    },
  };
}

function itemsOf({ parts }: SourceFiles): MaterialItem[] {
  return parts.flatMap(({ rootPath, index, selection: { items, skip } }) =>
    items.map(({ path, isDirectory, under, keepsPath, shallow }) => ({
      // A root that is a file is copied out of the folder it stands in.
      sourceRoot: path === '' && !isDirectory ? posix.dirname(rootPath) : rootPath,
      sourcePath: path === '' && !isDirectory ? posix.basename(rootPath) : path,
      isDirectory,
      under,
      keepsPath,
      shallow,
      skip: skip.size === 0 ? index.leftOut : new Set([...skip, ...index.leftOut]),
      unpacked: false,
    })),
  );
}

async function unpackArchives(
  scope: BuildScope,
  plain: MaterialFiles,
  signal: AbortSignal,
): Promise<MaterialFiles> {
  const items: MaterialItem[] = [];
  for (const item of plain.items) {
    const path = join(item.sourceRoot, item.sourcePath);
    const folder = item.isDirectory ? undefined : await unpackIfArchive(scope, path, signal);
    items.push(folder === undefined ? item : { ...folderItem(folder), unpacked: true });
  }
  return { ...plain, items };
}

/** The folder an archive was unpacked to, or undefined when it is none. */
async function unpackIfArchive(
  scope: BuildScope,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { archives, trees } = scope.ports;
  if (!(await archives.isTar(path, signal))) return undefined;
  const folder = await scope.newFolder('archive');
  await trees.unpack(await archives.open(path, signal), folder, signal, unpackLimits);
  return folder;
}

function folderItem(folder: string): MaterialItem {
  return {
    sourceRoot: folder,
    sourcePath: '',
    isDirectory: true,
    under: '',
    keepsPath: false,
    shallow: false,
    skip: new Set(),
    unpacked: false,
  };
}

async function inlineMaterial(
  scope: BuildScope,
  { name, content }: Source<'inline'>,
): Promise<Material> {
  return {
    digest: digestOf(content),
    listing: undefined,
    async files() {
      const folder = await scope.newFolder('inline');
      const fileName = posix.basename(name);
      await writeFile(join(folder, fileName), content, { mode: 0o644 });
      return ownFile(folder, fileName);
    },
  };
}

function ownFile(folder: string, name: string): MaterialFiles {
  const item = { ...folderItem(folder), sourcePath: name, isDirectory: false, under: name };
  return { items: [item], owner: { uid: 0, gid: 0 }, mayLink: true };
}

async function httpMaterial(
  scope: BuildScope,
  { url, checksum, unpack }: Source<'http'>,
  signal: AbortSignal,
): Promise<Material> {
  let fetched: Promise<FetchedFile> | undefined;
  const fetch = (at: AbortSignal) => {
    fetched ??= fetchFile(scope, { url, checksum, signal: at });
    return fetched;
  };
  const material = (digest: Digest): Material => ({
    digest,
    listing: undefined,
    async files(atMake) {
      const { folder, name } = await fetch(atMake);
      const plain = ownFile(folder, name);
      return unpack ? unpackArchives(scope, plain, atMake) : plain;
    },
  });
  // With a checksum the content is known without asking anybody.
  if (checksum) return material(digestOf(`${checksum} ${urlFileName(url)}`));
  const known = scope.ports.records.note(noteOf(url));
  if (known) {
    const { etag, digest } = JSON.parse(known) as { etag: string; digest: Digest };
    const answer = await scope.ports.fetcher.http(url, { etag, access: scope.access, signal });
    if (answer.kind === 'unchanged') return material(digest);
    fetched = storeFile(scope, { url, answer, checksum });
  }
  return material((await fetch(signal)).digest);
}

/** Where the validator of an address is noted. */
const noteOf = (url: string) => `http ${withoutLogins(url)}`;

interface FetchedFile {
  readonly folder: string;
  readonly name: string;
  readonly digest: Digest;
}

async function fetchFile(
  scope: BuildScope,
  { url, checksum, signal }: { url: string; checksum: string | undefined; signal: AbortSignal },
): Promise<FetchedFile> {
  const answer = await scope.ports.fetcher.http(url, { access: scope.access, signal });
  if (answer.kind === 'unchanged') throw invalid(`fetch ${url}: the server answered out of turn`);
  return storeFile(scope, { url, answer, checksum });
}

/** Stores what the server sent, as Docker does: mode 0600, its name and time from the server. */
async function storeFile(
  scope: BuildScope,
  { url, answer, checksum }: { url: string; answer: HttpContent; checksum: string | undefined },
): Promise<FetchedFile> {
  const folder = await scope.newFolder('download');
  const partial = join(folder, '.partial');
  const actual = await writeStream(partial, answer.content, checksum?.split(':')[0] ?? 'sha256');
  if (checksum && actual !== checksum) {
    throw invalid(`digest mismatch ${actual}: ${checksum}`, { code: 'DIGEST_INVALID' });
  }
  const name = urlFileName(url) || safeName(posix.basename(answer.fileName)) || '__unnamed__';
  await rename(partial, join(folder, name));
  // As BuildKit has it: the same file gives the same layer, whenever it was fetched.
  const timeS = (answer.modifiedAtMs ?? 0) / 1000;
  await utimes(join(folder, name), timeS, timeS);
  const digest = digestOf(`${actual} ${name}`);
  if (answer.etag) {
    scope.ports.records.putNote(noteOf(url), JSON.stringify({ etag: answer.etag, digest }));
  }
  return { folder, name, digest };
}

async function writeStream(path: string, content: ByteStream, algorithm: string): Promise<Digest> {
  const hash = createHash(algorithm);
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return finishDigest(hash, algorithm as 'sha256');
}

function urlFileName(url: string): string {
  const name = posix.basename(URL.parse(url)?.pathname ?? '');
  try {
    return safeName(posix.basename(decodeURIComponent(name)));
  } catch {
    return safeName(name);
  }
}

function safeName(name: string): string {
  return name === '.' || name === '..' || name.includes('\0') ? '' : name;
}

async function gitMaterial(
  scope: BuildScope,
  { address, checksum, keepGitDir }: Source<'git'>,
  signal: AbortSignal,
): Promise<Material> {
  const { ports, access } = scope;
  const { fetcher } = ports;
  const commit = await fetcher.commitOf(address, { access, signal });
  if (checksum && !commit.startsWith(checksum)) {
    throw invalid(`expected checksum to match ${checksum}, got ${commit}`);
  }
  const { subdirectory, remote } = parseGitAddress(address)!;
  return {
    digest: digestOf([withoutLogins(remote), commit, subdirectory, String(keepGitDir)].join('\n')),
    listing: undefined,
    async files(atMake) {
      const directory = join(await scope.newFolder('git'), 'files');
      await mkdir(directory);
      const options = { directory, keepGitDir, access, signal: atMake };
      const fetched = await fetcher.git(address, options);
      // Its key names the commit that was there when it was looked up.
      if (fetched.commit !== commit) throw moved(address, commit, fetched.commit);
      return { items: [folderItem(directory)], owner: { uid: 0, gid: 0 }, mayLink: true };
    },
  };
}

function moved(address: string, before: string, now: string) {
  return unavailable(
    `fetch ${withoutLogins(address)}: it moved from ${before} to ${now} meanwhile: build again`,
  );
}
