import { createWriteStream, existsSync, statSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BuildSpec } from '../../client/index.ts';
import { BerthError, errorMessage, invalid, makeDirectories } from '../../core/index.ts';
import { replaceFile } from '../replace-file.ts';
import { parseCsvOption, refuseOthers } from './csv-option.ts';
import { extractTree } from './extract-tree.ts';

type Output = NonNullable<BuildSpec['outputs']>[number];

/** Where one output of a build goes. */
export interface OutputTarget {
  readonly output: Output;
  /** Further names, of `type=image,name=…`. */
  readonly tags: readonly string[];
  /** Stores the output's archive; absent for what stays in the daemon. */
  readonly store?: (archive: Readable) => Promise<void>;
}

const known = ['type', 'dest', 'name', 'push', 'tar'];

/** `-o DEST` or `-o type=…,dest=…`, as buildx reads it. Throws `invalid`. */
export function parseOutput(text: string): OutputTarget {
  if (text === '-') return { output: { kind: 'tar' }, tags: [], store: toFile('-') };
  if (!text.includes('=')) return { output: { kind: 'local' }, tags: [], store: intoFolder(text) };
  const pairs = parseCsvOption('--output', text);
  refuseOthers('--output', pairs, known);
  const type = pairs.get('type') ?? '';
  const dest = pairs.get('dest');
  const tags = pairs.get('name')?.split(',') ?? [];
  switch (type) {
    case 'image':
    case 'registry':
      return {
        output: { kind: 'image', push: type === 'registry' || pairs.get('push') === 'true' },
        tags,
      };
    case 'cacheonly':
      return { output: { kind: 'none' }, tags };
    case 'local':
      if (dest === undefined) throw invalid('parse --output: type=local needs dest=FOLDER');
      return { output: { kind: 'local' }, tags, store: intoFolder(dest) };
    case 'docker':
      if (dest === undefined) return { output: { kind: 'image' }, tags };
      return { output: { kind: 'docker' }, tags, store: toFile(dest) };
    case 'oci':
      if (pairs.get('tar') === 'false') {
        if (dest === undefined)
          throw invalid('parse --output: type=oci,tar=false needs dest=FOLDER');
        return { output: { kind: 'oci' }, tags, store: intoFolder(dest) };
      }
      return {
        output: { kind: 'oci' },
        tags,
        store: toFile(dest),
      };
    case 'tar':
      return { output: { kind: 'tar' }, tags, store: toFile(dest) };
    default:
      throw invalid(
        `parse --output: unknown type "${type}"; known are image, registry, docker, oci, local, tar, cacheonly`,
      );
  }
}

type Store = NonNullable<OutputTarget['store']>;

/** Refuses at once what could not be written at the end. */
function toFile(dest = '-'): Store {
  if (dest === '-') {
    if (process.stdout.isTTY) {
      throw invalid(
        'parse --output: refusing to write an archive to the terminal: redirect it, or use dest=FILE',
      );
    }
    return (archive) => pipeline(archive, process.stdout, { end: false });
  }
  const folder = dirname(dest);
  if (!isFolder(folder)) throw invalid(`parse --output: ${dest}: there is no folder ${folder}`);
  if (isFolder(dest)) throw invalid(`parse --output: ${dest} is a folder`);
  return named(dest, (archive) =>
    replaceFile(dest, (target) => pipeline(archive, createWriteStream(target))),
  );
}

function intoFolder(dest: string): Store {
  const folder = resolve(dest);
  if (folder === sep) throw invalid('parse --output: refusing to write files over the root folder');
  if (existsSync(folder) && !isFolder(folder)) {
    throw invalid(`parse --output: ${dest} is no folder`);
  }
  return named(dest, async (archive) => {
    await makeDirectories(folder);
    await extractTree(archive, folder);
  });
}

const isFolder = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Has what goes wrong say where. */
function named(dest: string, store: Store): Store {
  return async (archive) => {
    try {
      await store(archive);
    } catch (cause) {
      archive.destroy();
      if (cause instanceof BerthError) throw cause;
      throw new BerthError('internal', `write output ${dest}: ${errorMessage(cause)}`, { cause });
    }
  };
}
