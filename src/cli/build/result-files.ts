import { existsSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorMessage, formatReference, invalid, parseReference } from '../../core/index.ts';
import { replaceFile } from '../replace-file.ts';
import type { BuildFlags } from './build-spec.ts';

/** What a build that went well has to tell. */
interface Result {
  readonly imageId: string;
  readonly manifestDigest?: string;
}

/**
 * Clears the way for the files of `--iidfile` and `--metadata-file` before anything is built: what an
 * earlier build left there must not stand for one that fails. Throws `invalid` for a place where none
 * can be; gives what writes them.
 */
export function resultFiles(
  { iidfile, metadataFile }: Pick<BuildFlags, 'iidfile' | 'metadataFile'>,
  tags: readonly string[],
): (result: Result) => Promise<void> {
  const files = [
    ['--iidfile', iidfile, ({ imageId }: Result) => imageId],
    ['--metadata-file', metadataFile, (result: Result) => metadataOf(result, tags)],
  ] as const;
  for (const [flag, path] of files) if (path !== undefined) clear(flag, path);
  return async (result) => {
    for (const [flag, path, textOf] of files) {
      if (path !== undefined) await write(flag, path, textOf(result));
    }
  };
}

function clear(flag: string, path: string): void {
  const folder = dirname(path);
  if (!existsSync(folder)) throw invalid(`write ${flag} ${path}: there is no folder ${folder}`);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw invalid(`write ${flag} ${path}: is a directory`);
  if (found?.isFile()) rmSync(path);
}

async function write(flag: string, path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, (target) => writeFile(target, text));
  } catch (cause) {
    throw invalid(`write ${flag} ${path}: ${errorMessage(cause)}`, { cause });
  }
}

function metadataOf({ imageId, manifestDigest }: Result, tags: readonly string[]): string {
  const metadata = {
    'containerimage.config.digest': imageId,
    ...(manifestDigest && { 'containerimage.digest': manifestDigest }),
    ...(tags.length > 0 && { 'image.name': fullNames(tags) }),
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

/** As `docker buildx` writes them: registry, repository and tag, whatever was left out. */
function fullNames(tags: readonly string[]): string {
  return tags.map((tag) => formatReference(parseReference(tag))).join(',');
}
