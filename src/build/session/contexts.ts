import { invalid } from '../../core/index.ts';
import type { IgnoreMatcher } from '../../dockerfile/index.ts';
import type { BuildContext, BuildEvent, BuildRequest } from '../builder.ts';
import { fileIndex } from '../context/file-index.ts';
import {
  applyIgnoreFile,
  type FilteredContext,
  type LoadedContext,
  type LoadOptions,
  loadContext,
} from '../context/load-context.ts';
import { contextSource, type FileSource } from '../solve/file-source.ts';
import type { SessionFolders } from './session-folders.ts';

/** The contexts of one build, each brought to the disk once, when it is first needed. */
export interface Contexts {
  main(): Promise<LoadedContext>;
  /** Files of the main context, those of its ignore file left out. */
  mainSource(): Promise<FileSource>;
  /** Rules of the main context's ignore file, if the context was loaded already and has one. */
  ignoreRules(): Promise<IgnoreMatcher | undefined>;
  /** Files of a context given by name. */
  namedSource(name: string): Promise<FileSource>;
  /** Reads what nobody needed to its end, so that the client can finish sending. */
  drain(): Promise<void>;
}

export interface ContextsOptions extends Omit<LoadOptions, 'folder' | 'onProgress' | 'keepGitDir'> {
  readonly request: BuildRequest;
  readonly folders: SessionFolders;
  readonly emit: (event: BuildEvent) => void;
}

export function createContexts(options: ContextsOptions): Contexts {
  const { request } = options;
  const dockerfilePath = 'path' in request.dockerfile ? request.dockerfile.path : undefined;
  const begun = new Set<BuildContext>();
  const load = (context: BuildContext, task: string): Promise<LoadedContext> => {
    begun.add(context);
    return loadAsTask(context, task, options);
  };
  const main = once(() => load(request.context, '[internal] load build context'));
  const filtered = once(async () => applyIgnoreFile(await main(), dockerfilePath));
  const mainSource = once(async () => sourceOf(await main(), await filtered()));
  const named = new Map(
    Object.entries(request.contexts ?? {}).map(([name, context]) => [
      name.toLowerCase(),
      once(async () => {
        if (context.kind === 'image') throw invalid(`context ${name}: an image is not loaded`);
        const loaded = await load(context, `[context ${name}] load from client`);
        return sourceOf(loaded, await applyIgnoreFile(loaded, undefined));
      }),
    ]),
  );

  return {
    main,
    mainSource,
    async ignoreRules() {
      return begun.has(request.context) ? (await filtered()).matcher : undefined;
    },
    async namedSource(name) {
      const open = named.get(name.toLowerCase());
      if (!open) throw invalid(`context ${name}: the build was given none of this name`);
      return open();
    },
    async drain() {
      for (const context of [request.context, ...Object.values(request.contexts ?? {})]) {
        if (context.kind !== 'tar' || begun.has(context)) continue;
        for await (const _ of context.stream) options.signal.throwIfAborted();
      }
    },
  };
}

/** Loads a context, telling so unless there is nothing to load. */
async function loadAsTask(
  context: BuildContext,
  task: string,
  options: ContextsOptions,
): Promise<LoadedContext> {
  const { emit, folders, request } = options;
  const { BUILDKIT_CONTEXT_KEEP_GIT_DIR: keep = '' } = request.buildArgs;
  const tell = (event: BuildEvent) => context.kind !== 'none' && emit(event);
  tell({ kind: 'task-started', task, atMs: Date.now() });
  try {
    const loaded = await loadContext(context, {
      ...options,
      folder: await folders.newFolder('context'),
      keepGitDir: keep === '1' || keep === 'true',
      onProgress: (current) => tell({ kind: 'task-progress', task, current }),
    });
    tell({ kind: 'task-done', task, atMs: Date.now() });
    return loaded;
  } catch (error) {
    tell({ kind: 'task-done', task, atMs: Date.now(), failed: true });
    throw error;
  }
}

function sourceOf(context: LoadedContext, { index, ignoreFile }: FilteredContext): FileSource {
  return contextSource(index, (path) =>
    context.all.resolve(path) === undefined ? undefined : ignoreFile,
  );
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

/** Files of `scratch`: none. */
export function emptySource(): FileSource {
  return contextSource(fileIndex({ rootPath: '/nonexistent', entries: new Map() }));
}
