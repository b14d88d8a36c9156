import { readFileSync, statSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import type { BuildSpec, ContextSpec } from '../../client/index.ts';
import { errnoCode, errorMessage, invalid } from '../../core/index.ts';
import { folderContext, isRemote } from './build-spec.ts';
import type { OpenContext } from './run-build.ts';

export interface MainContext {
  readonly context: ContextSpec;
  readonly dockerfile: BuildSpec['dockerfile'];
  /** The Dockerfile, where it is read here. */
  readonly text?: { readonly name: string; readonly text: string };
  /** Present for a context that is uploaded. */
  readonly open?: OpenContext;
  /** Present for a folder of this machine. */
  readonly folder?: string;
}

/**
 * What `berth build CONTEXT -f FILE` means: a folder is read by the daemon as far as it has to be,
 * `-` is a tar, or a Dockerfile by itself, on standard input, an address is fetched by the daemon.
 */
export async function mainContext(
  argument: string,
  file: string | undefined,
): Promise<MainContext> {
  if (argument === '-') return fromStdin(file);
  if (isRemote(argument))
    return {
      context: { kind: 'remote', url: argument },
      dockerfile: { path: file ?? 'Dockerfile' },
    };
  const folder = resolve(argument);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found?.isDirectory()) {
    const why = found ? 'is no folder' : 'not found';
    throw invalid(`unable to prepare context: path "${argument}" ${why}`);
  }
  const context = folderContext(folder);
  if (file === '-') {
    const text = (await readStdin()).toString('utf8');
    return { context, folder, dockerfile: { text }, text: { name: '-', text } };
  }
  const path = file === undefined ? resolve(folder, 'Dockerfile') : resolve(file);
  const text = readDockerfile(path);
  const inside = relative(folder, path);
  const isInside = inside !== '..' && !inside.startsWith('../');
  const own = { context, folder, text: { name: relative('.', path), text } };
  if (isInside) return { ...own, dockerfile: { path: inside } };
  const ignore = readIfThere(`${path}.dockerignore`);
  const dockerfile = { text, fileName: basename(path), ...(ignore !== undefined && { ignore }) };
  return { ...own, dockerfile };
}

async function fromStdin(file: string | undefined): Promise<MainContext> {
  if (file === '-')
    throw invalid(
      'use of - for both the context and the Dockerfile: standard input can be one of them',
    );
  const input = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await input.next();
  const head = first.done ? Buffer.alloc(0) : first.value;
  if (!isArchive(head)) {
    const rest = await readRest(input);
    return {
      context: { kind: 'none' },
      dockerfile: { text: Buffer.concat([head, rest]).toString('utf8') },
    };
  }
  return {
    context: { kind: 'upload' },
    dockerfile: { path: file ?? 'Dockerfile' },
    async *open() {
      yield head;
      for (let chunk = await input.next(); !chunk.done; chunk = await input.next())
        yield chunk.value;
    },
  };
}

/** A tar, plain or compressed with gzip, bzip2, xz or zstd, by its first bytes. */
function isArchive(head: Buffer): boolean {
  const hex = head.subarray(0, 6).toString('hex');
  const magics = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'];
  return (
    magics.some((magic) => hex.startsWith(magic)) ||
    head.subarray(257, 262).toString('latin1') === 'ustar'
  );
}

async function readStdin(): Promise<Buffer> {
  return readRest(process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>);
}

async function readRest(input: AsyncIterator<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let chunk = await input.next(); !chunk.done; chunk = await input.next())
    chunks.push(chunk.value);
  return Buffer.concat(chunks);
}

function readDockerfile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(`failed to read dockerfile: ${messageAbout(path, cause)}`, { cause });
  }
}

/** A folder can be opened, and only then fails; then the path is not in the message. */
function messageAbout(path: string, cause: unknown): string {
  const message = errorMessage(cause);
  return message.includes(path) ? message : `open ${path}: ${message}`;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
