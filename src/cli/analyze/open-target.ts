import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { type Connection, imagesClient } from '../../client/index.ts';
import {
  errorKind,
  familiarReference,
  invalid,
  type Platform,
  parseReference,
} from '../../core/index.ts';
import {
  type ArchivedImage,
  directoryFiles,
  type Image,
  type MemberFiles,
  openImage,
  openTarFiles,
  readImages,
  spoolTarFiles,
} from '../../image/index.ts';
import { readCredentials } from '../build/docker-config.ts';

export interface OpenTargetOptions {
  readonly connection: Connection;
  readonly stdin: Readable;
  readonly platform?: Platform;
  /** Which image of a file that holds several, by one of its names. */
  readonly name?: string;
  /** What a name stands for that does not say itself. */
  readonly source?: TargetKind;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** An image whose layers can be read until it is disposed of. */
export interface OpenTarget extends AsyncDisposable {
  readonly image: Image;
  /** As a heading calls it. */
  readonly label: string;
}

/**
 * The image a command line names: `-` for a docker-archive on standard input, the path of an
 * archive or an OCI layout, else the name of an image of the daemon, which pulls what it lacks.
 * `docker-archive:`, `oci:` and `docker:` before it say which. Throws `invalid` for files of other
 * formats, `not-found` for what is not there.
 */
export async function openTarget(text: string, options: OpenTargetOptions): Promise<OpenTarget> {
  const target = await parseTarget(text, options.source);
  const files = await openFiles(target, options);
  try {
    const chosen = chooseImage(await readImages(files), { target: text, name: options.name });
    const { platform, signal } = options;
    const image = await openImage(chosen.source, {
      ...(platform && { platform }),
      ...(signal && { signal }),
    });
    const [reference] = chosen.references;
    const label =
      target.kind === 'daemon'
        ? target.name
        : reference
          ? familiarReference(reference)
          : basename(text);
    return { image, label, [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

type TargetKind = 'daemon' | 'archive' | 'layout';
type Target =
  | { kind: 'stdin' }
  | { kind: 'archive' | 'layout'; path: string }
  | { kind: 'daemon'; name: string };

/** By the words before a name's colon, which are those of dive and skopeo. */
const schemes: Readonly<Record<string, TargetKind>> = {
  'docker-archive': 'archive',
  'docker-tar': 'archive',
  'oci-archive': 'archive',
  oci: 'layout',
  docker: 'daemon',
  podman: 'daemon',
};

/** Those of dive's `--source`. */
export const imageSources = {
  docker: 'daemon',
  podman: 'daemon',
  'docker-archive': 'archive',
} as const satisfies Record<string, TargetKind>;

async function parseTarget(text: string, source: TargetKind | undefined): Promise<Target> {
  if (text === '-') return { kind: 'stdin' };
  const scheme = /^([a-z-]+):(?:\/\/)?(.+)$/s.exec(text);
  const kind = scheme && Object.hasOwn(schemes, scheme[1]!) && schemes[scheme[1]!];
  // `docker:27` is an image of that name.
  if (kind && !/^(?:docker|podman):[^/]/.test(text)) return targetOf(kind, scheme[2]!);
  if (source === 'archive') return targetOf(source, text);
  const found = await stat(text).catch(() => undefined);
  if (found?.isFile()) return { kind: 'archive', path: text };
  if (found?.isDirectory() && (await isLayout(text))) return { kind: 'layout', path: text };
  if (/^[./~]/.test(text)) {
    const what = found ? 'it is neither an archive nor an OCI layout' : 'there is no such file';
    throw invalid(`analyze ${text}: ${what}`);
  }
  return { kind: 'daemon', name: text };
}

function targetOf(kind: TargetKind, text: string): Target {
  return kind === 'daemon' ? { kind, name: text } : { kind, path: text };
}

async function isLayout(path: string): Promise<boolean> {
  const files = directoryFiles(path);
  const sizes = await Promise.all(
    ['oci-layout', 'manifest.json'].map((name) => files.sizeOf(name)),
  );
  return sizes.some((size) => size !== undefined);
}

async function openFiles(target: Target, options: OpenTargetOptions): Promise<MemberFiles> {
  const { signal, stdin, connection } = options;
  const spooling = { spoolDirectory: spoolDirectory(), ...(signal && { signal }) };
  switch (target.kind) {
    case 'stdin':
      return spoolTarFiles(stdin, spooling);
    case 'archive':
      return openTarFiles(target.path, spooling);
    case 'layout':
      return directoryFiles(target.path);
    case 'daemon':
      return spoolTarFiles(await saved(target.name, { ...options, connection }), spooling);
  }
}

/** The daemon's `docker save` of an image, pulled first when the daemon does not have it. */
async function saved(
  name: string,
  { connection, platform, onProgress, signal }: OpenTargetOptions,
): Promise<Readable> {
  const images = imagesClient(connection);
  // A name without a tag would stand for all tags there are.
  const wanted = /^(sha256:)?[0-9a-f]{12,64}$/.test(name)
    ? name
    : familiarReference(parseReference(name));
  const request = { ...(platform && { platform }), ...(signal && { signal }) };
  try {
    return await images.save(wanted, request);
  } catch (error) {
    if (errorKind(error) !== 'not-found') throw error;
  }
  onProgress(`the daemon has no image ${wanted}: pulling it`);
  const auth = (await readCredentials())[parseReference(name).domain];
  await images.pull(wanted, { ...request, ...(auth && { auth }) });
  return images.save(wanted, request);
}

/** Whole images may be large, and /tmp is often memory. */
function spoolDirectory(): string {
  return process.env.TMPDIR || !existsSync('/var/tmp') ? tmpdir() : '/var/tmp';
}

function chooseImage(
  images: readonly ArchivedImage[],
  { target, name }: { target: string; name: string | undefined },
): ArchivedImage {
  const namesOf = (image: ArchivedImage) => [
    ...image.references.map(familiarReference),
    ...image.refNames,
    image.root.digest,
  ];
  const fitting = name === undefined ? images : images.filter((one) => namesOf(one).includes(name));
  if (fitting.length === 1) return fitting[0]!;
  const list = images.map((image) => namesOf(image)[0]).join(', ');
  if (images.length === 0) throw invalid(`analyze ${target}: it holds no image`);
  if (fitting.length === 0) throw invalid(`analyze ${target}: no image ${name} among ${list}`);
  throw invalid(`analyze ${target}: choose one of its images with --name: ${list}`);
}
