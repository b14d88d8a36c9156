import type { BuildContext } from '../builder.ts';
import { contextSource, type FileSource } from '../solve/file-source.ts';
import { cleanPath } from './file-index.ts';
import {
  type IgnoreRules,
  ignoreFiles,
  ignoreRulesOf,
  readIgnoreRules,
  withoutIgnored,
} from './ignore-file.ts';
import type { KeptContexts, SyncedContext } from './kept/kept-contexts.ts';
import { syncOnce } from './kept/sync-once.ts';
import { type LoadedContext, type LoadOptions, loadContext } from './load-context.ts';

/** A context as a build gets to know it, each part when it is first asked for. */
export interface OpenContext {
  /** With the Dockerfile and the ignore files at least. */
  head(): Promise<LoadedContext>;
  rules(): Promise<IgnoreRules | undefined>;
  /** Its files, those of the ignore file left out. */
  source(): Promise<FileSource>;
}

export interface OpenOptions extends Omit<LoadOptions, 'folder'> {
  readonly newFolder: (purpose: string) => Promise<string>;
  /** Path of the Dockerfile, where the context has it. */
  readonly dockerfilePath: string | undefined;
  /** Text of an ignore file that counts in place of the context's own. */
  readonly ignoreText?: string;
  readonly kept: KeptContexts;
  /** Keeps something until the build's files go. */
  readonly hold: (resource: Disposable) => void;
  /** Runs the work that brings the files, and tells of it. */
  readonly asTask: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The Dockerfile and its ignore file are small; so is what links of that name lead to. */
const headLimits = { entries: 1000, bytes: 32 * 2 ** 20 };

export function openContext(context: BuildContext, options: OpenOptions): OpenContext {
  const isFolder = context.kind === 'folder';
  const head = once(() =>
    isFolder
      ? loadHead(context.folder, options)
      : options.asTask(async () =>
          loadContext(context, { ...options, folder: await options.newFolder('context') }),
        ),
  );
  const { ignoreText, dockerfilePath } = options;
  const rules = once(async () =>
    ignoreText === undefined
      ? readIgnoreRules(await head(), dockerfilePath)
      : ignoreRulesOf('Dockerfile.dockerignore', ignoreText),
  );
  const source = once(async () => {
    const found = await rules();
    if (!isFolder) return sourceOfWhole(await head(), found);
    const exclude = found?.patterns ?? [];
    const { index } = await options.asTask(async () => {
      const synced: SyncedContext = await options.kept.sync(context.folder, {
        ...options,
        exclude,
      });
      options.hold(synced);
      return synced;
    });
    return contextSource(index, (path) => (found?.matcher.ignores(path) ? found.file : undefined));
  });
  return { head, rules, source };
}

async function loadHead(
  folder: Extract<BuildContext, { kind: 'folder' }>['folder'],
  options: OpenOptions,
): Promise<LoadedContext> {
  const { dockerfilePath } = options;
  const clean = dockerfilePath === undefined ? undefined : cleanPath(dockerfilePath);
  const only = [
    ...(clean === undefined ? [] : [clean]),
    ...(clean === 'Dockerfile' ? ['dockerfile'] : []),
    ...ignoreFiles(dockerfilePath),
  ];
  const all = await syncOnce(
    folder,
    { exclude: [], only },
    {
      ...{ ...options, limits: headLimits },
      onProgress: () => {},
    },
  );
  return { all, dockerfile: undefined };
}

async function sourceOfWhole(
  context: LoadedContext,
  rules: IgnoreRules | undefined,
): Promise<FileSource> {
  return contextSource(await withoutIgnored(context, rules), (path) =>
    context.all.resolve(path) === undefined ? undefined : rules?.file,
  );
}

export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
