import { invalid } from '../../core/index.ts';
import type { IgnoreMatcher } from '../../dockerfile/index.ts';
import type { BuildContext, BuildEvent, BuildRequest } from '../builder.ts';
import { fileIndex } from '../context/file-index.ts';
import type { LoadedContext } from '../context/load-context.ts';
import { type OpenContext, type OpenOptions, openContext } from '../context/open-context.ts';
import { contextSource, type FileSource } from '../solve/file-source.ts';

/** The contexts of one build, each brought to the disk once, when it is first needed. */
export interface Contexts {
  /** The main context, or as much of it as has the Dockerfile and the ignore files. */
  main(): Promise<LoadedContext>;
  /** Files of the main context, those of its ignore file left out. */
  mainSource(): Promise<FileSource>;
  /** Rules of the main context's ignore file, if the context was looked at already and has one. */
  ignoreRules(): Promise<IgnoreMatcher | undefined>;
  /** Files of a context given by name. */
  namedSource(name: string): Promise<FileSource>;
  /** Reads what nobody needed to its end, so that the client can finish sending. */
  drain(): Promise<void>;
}

export interface ContextsOptions
  extends Omit<
    OpenOptions,
    'onProgress' | 'keepGitDir' | 'asTask' | 'dockerfilePath' | 'ignoreText'
  > {
  readonly request: BuildRequest;
  readonly emit: (event: BuildEvent) => void;
}

export function createContexts(options: ContextsOptions): Contexts {
  const { request, signal } = options;
  const begun = new Set<BuildContext>();
  const open = (
    context: BuildContext,
    task: string,
    dockerfile: { dockerfilePath?: string; ignoreText?: string } = {},
  ): OpenContext => {
    const tell = (event: BuildEvent) => context.kind !== 'none' && options.emit(event);
    const { BUILDKIT_CONTEXT_KEEP_GIT_DIR: keep = '' } = request.buildArgs;
    const opened = openContext(context, {
      ...options,
      dockerfilePath: dockerfile.dockerfilePath,
      ignoreText: dockerfile.ignoreText,
      keepGitDir: keep === '1' || keep === 'true',
      onProgress: (current) => tell({ kind: 'task-progress', task, current }),
      asTask: (work) => asTask(task, tell, work),
    });
    return {
      ...opened,
      head() {
        begun.add(context);
        return opened.head();
      },
      source() {
        begun.add(context);
        return opened.source();
      },
    };
  };
  const main = open(
    request.context,
    '[internal] load build context',
    'path' in request.dockerfile
      ? { dockerfilePath: request.dockerfile.path }
      : { ignoreText: request.dockerfile.ignore },
  );
  const named = new Map<string, OpenContext>();
  for (const [name, context] of Object.entries(request.contexts ?? {})) {
    const { kind } = context;
    if (kind === 'image' || kind === 'layout' || kind === 'content') continue;
    named.set(name.toLowerCase(), open(context, `[context ${name}] load from client`));
  }

  return {
    main: main.head,
    mainSource: main.source,
    async ignoreRules() {
      const isAtHand = begun.has(request.context) || request.context.kind === 'folder';
      return isAtHand ? (await main.rules())?.matcher : undefined;
    },
    async namedSource(name) {
      const context = named.get(name.toLowerCase());
      if (!context) throw invalid(`context ${name}: the build was given no files of this name`);
      return context.source();
    },
    async drain() {
      for (const context of [request.context, ...Object.values(request.contexts ?? {})]) {
        if (context.kind !== 'tar' || begun.has(context)) continue;
        for await (const _ of context.stream) signal.throwIfAborted();
      }
    },
  };
}

/** Tells of the work's beginning and its end. */
async function asTask<T>(
  task: string,
  tell: (event: BuildEvent) => void,
  work: () => Promise<T>,
): Promise<T> {
  tell({ kind: 'task-started', task, atMs: Date.now() });
  try {
    const result = await work();
    tell({ kind: 'task-done', task, atMs: Date.now() });
    return result;
  } catch (error) {
    tell({ kind: 'task-done', task, atMs: Date.now(), failed: true });
    throw error;
  }
}

/** Files of `scratch`: none, in a folder that is empty. */
export function emptySource(rootPath: string): FileSource {
  return contextSource(fileIndex({ rootPath, entries: new Map() }));
}
