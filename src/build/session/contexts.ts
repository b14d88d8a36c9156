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
  const keepGitDir = /^(?:1|true)$/.test(request.buildArgs.BUILDKIT_CONTEXT_KEEP_GIT_DIR ?? '');

  const begun = new Set<BuildContext>();

  async function load(context: BuildContext, task: string): Promise<LoadedContext> {
    const { emit, folders } = options;
    begun.add(context);
    if (context.kind === 'none') return loadContext(context, await loadOptions(() => {}));
    emit({ kind: 'task-started', task, atMs: Date.now() });
    try {
      const loaded = await loadContext(
        context,
        await loadOptions((current) => emit({ kind: 'task-progress', task, current })),
      );
      emit({ kind: 'task-done', task, atMs: Date.now() });
      return loaded;
    } catch (error) {
      emit({ kind: 'task-done', task, atMs: Date.now(), failed: true });
      throw error;
    }

    async function loadOptions(onProgress: (bytes: number) => void): Promise<LoadOptions> {
      return { ...options, folder: await folders.newFolder('context'), keepGitDir, onProgress };
    }
  }

  function source(context: LoadedContext, { index, ignoreFile }: FilteredContext): FileSource {
    return contextSource(index, (path) =>
      context.all.resolve(path) === undefined ? undefined : ignoreFile,
    );
  }

  const once = <T>(work: () => Promise<T>) => {
    let result: Promise<T> | undefined;
    return () => {
      result ??= work();
      return result;
    };
  };

  const main = once(() => load(request.context, '[internal] load build context'));
  const filtered = once(async () => applyIgnoreFile(await main(), dockerfilePath));
  const mainSource = once(async () => source(await main(), await filtered()));
  const named = new Map(
    Object.entries(request.contexts ?? {}).map(([name, context]) => [
      name.toLowerCase(),
      once(async () => {
        if (context.kind === 'image')
          throw invalid(`context ${name}: an image has no files to load`);
        const loaded = await load(context, `[context ${name}] load from client`);
        return source(loaded, await applyIgnoreFile(loaded, undefined));
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

/** Files of `scratch`: none. */
export function emptySource(): FileSource {
  return contextSource(fileIndex({ rootPath: '/nonexistent', entries: new Map() }));
}
