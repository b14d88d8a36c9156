import { createWriteStream } from 'node:fs';
import { resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BuildSpec } from '../../client/index.ts';
import { invalid, makeDirectories } from '../../core/index.ts';
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
  if (text === '-') return { output: { kind: 'tar' }, tags: [], store: toStdout };
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
      return { output: { kind: 'docker' }, tags, store: dest === '-' ? toStdout : intoFile(dest) };
    case 'oci':
      if (pairs.get('tar') === 'false') {
        if (dest === undefined)
          throw invalid('parse --output: type=oci,tar=false needs dest=FOLDER');
        return { output: { kind: 'oci' }, tags, store: intoFolder(dest) };
      }
      return {
        output: { kind: 'oci' },
        tags,
        store: dest === undefined || dest === '-' ? toStdout : intoFile(dest),
      };
    case 'tar':
      return {
        output: { kind: 'tar' },
        tags,
        store: dest === undefined || dest === '-' ? toStdout : intoFile(dest),
      };
    default:
      throw invalid(
        `parse --output: unknown type "${type}"; known are image, registry, docker, oci, local, tar, cacheonly`,
      );
  }
}

async function toStdout(archive: Readable): Promise<void> {
  if (process.stdout.isTTY) {
    archive.destroy();
    throw invalid(
      'write output: refusing to write an archive to the terminal: redirect it, or use dest=FILE',
    );
  }
  await pipeline(archive, process.stdout, { end: false });
}

const intoFile = (path: string) => (archive: Readable) =>
  replaceFile(path, (target) => pipeline(archive, createWriteStream(target)));

const intoFolder = (path: string) => async (archive: Readable) => {
  const folder = resolve(path);
  if (folder === sep) throw invalid('write output: refusing to write files over the root folder');
  await makeDirectories(folder);
  await extractTree(archive, folder);
};
