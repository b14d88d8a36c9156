import { errorMessage, inTurns, invalid } from '../../core/index.ts';
import {
  createIgnoreMatcher,
  type IgnoreMatcher,
  parseIgnoreFile,
} from '../../dockerfile/index.ts';
import { cleanPath, type FileIndex, indexing } from './file-index.ts';
import { keptByIgnore } from './keep-paths.ts';
import { type LoadedContext, readSmallFile } from './load-context.ts';

/** An ignore file that a context has. */
export interface IgnoreRules {
  /** Its path in the context, for messages. */
  readonly file: string;
  readonly patterns: readonly string[];
  readonly matcher: IgnoreMatcher;
}

/** Where a context's ignore file may be: the Dockerfile's own goes before that of all. */
export function ignoreFiles(dockerfilePath: string | undefined): string[] {
  const own = dockerfilePath === undefined ? [] : [`${cleanPath(dockerfilePath)}.dockerignore`];
  return [...own, '.dockerignore'];
}

/** Rules of `<dockerfile>.dockerignore` or else `.dockerignore`. Throws `invalid` for a bad pattern. */
export async function readIgnoreRules(
  context: LoadedContext,
  dockerfilePath: string | undefined,
): Promise<IgnoreRules | undefined> {
  const file = ignoreFiles(dockerfilePath).find((path) => context.all.entry(path)?.type === 'file');
  if (file === undefined) return undefined;
  return ignoreRulesOf(file, Buffer.from(await readSmallFile(context, file)).toString());
}

/** Rules by the text of an ignore file. Throws `invalid` for a bad pattern. */
export function ignoreRulesOf(file: string, text: string): IgnoreRules {
  const patterns = parseIgnoreFile(text);
  try {
    return { file, patterns, matcher: createIgnoreMatcher(patterns) };
  } catch (cause) {
    throw invalid(`read ${file}: ${errorMessage(cause)}`, { cause });
  }
}

/** A context's files without those its rules leave out. */
export async function withoutIgnored(
  { all }: LoadedContext,
  rules: IgnoreRules | undefined,
): Promise<FileIndex> {
  if (!rules) return all;
  const kept = await keptByIgnore(all, rules.matcher);
  return await inTurns(indexing(all.tree, { keep: (path) => kept.has(path), plainRoot: true }));
}
