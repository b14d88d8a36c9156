import { posix } from 'node:path';
import type { BuildEvent, Builder, BuildRequest, BuildResult } from '../../../build/index.ts';
import {
  formatReference,
  notFound,
  parseReference,
  type Reference,
  randomId,
} from '../../../core/index.ts';
import type { Session } from '../../../session/index.ts';
import { deliver, type Exporters } from './exporters.ts';
import type { FrontendCall } from './frontend-attributes.ts';
import type { BuildkitPorts } from './ports.ts';
import { readFiles } from './read-files.ts';
import { sessionSources } from './session-sources.ts';
import type { StatusFeed } from './status-feed.ts';
import type { SourceInfo } from './status-messages.ts';
import { traceBuild } from './trace-build.ts';

export interface RunOptions {
  readonly builder: Pick<Builder, 'build'>;
  readonly ref: string;
  readonly session: Session | undefined;
  readonly exporters: Exporters;
  readonly feed: StatusFeed;
  readonly dropName?: BuildkitPorts['dropName'];
  readonly signal: AbortSignal;
}

/** A build that is done and not delivered. */
export interface BuiltCall extends AsyncDisposable {
  readonly result: BuildResult;
  /** The Dockerfile, where it came from the client by itself. */
  readonly source: SourceInfo | undefined;
  /** Its image under a name of its own, which goes when this is disposed. */
  image(signal: AbortSignal): Promise<Reference>;
  /** Sends what the client wants sent; gives the exporters' answers. */
  deliver(signal: AbortSignal): Promise<Map<string, string>>;
}

/** An error, with the Dockerfile it is about. */
export class CallFailure extends Error {
  readonly source: SourceInfo | undefined;

  constructor(cause: unknown, source: SourceInfo | undefined) {
    super((cause as Error).message, { cause });
    this.source = source;
  }
}

/** Runs a frontend's call as a build, told of in the feed. Throws CallFailure. */
export async function runCall(
  call: FrontendCall,
  options: RunOptions &
    Pick<BuildRequest, 'checkOnly' | 'describeOnly'> & { onEvent?: (event: BuildEvent) => void },
): Promise<BuiltCall> {
  const { exporters, session, signal, builder, ref, feed } = options;
  let source: SourceInfo | undefined;
  const trace = traceBuild(feed, {
    ref,
    names: exporters.tags.map(formatReference),
    keepsImage: exporters.outputs.some(({ kind }) => kind === 'image'),
    source: () => source,
  });
  const onEvent = (event: BuildEvent) => {
    options.onEvent?.(event);
    trace.onEvent(event);
  };
  try {
    const dockerfile = await openDockerfile(call, session, { onEvent, signal });
    if ('text' in dockerfile) {
      source = { filename: dockerfile.fileName ?? '', data: Buffer.from(dockerfile.text) };
    }
    const request: BuildRequest = {
      ...call.request,
      ...(session && sessionSources(session)),
      dockerfile,
      tags: exporters.tags,
      outputs: exporters.outputs,
      checkOnly: options.checkOnly,
      describeOnly: options.describeOnly,
    };
    const result = await builder.build(request, { onEvent, signal });
    let named: Promise<Reference> | undefined;
    return {
      result,
      source,
      deliver: (until) =>
        deliver(result, { exporters, session, signal: until, asTask: tellingOf(onEvent) }),
      image: (until) => {
        named ??= nameResult(builder, request, until);
        return named;
      },
      async [Symbol.asyncDispose]() {
        await using dropping = new AsyncDisposableStack();
        dropping.use(result);
        const isOnlyName = !request.outputs?.some(({ kind }) => kind === 'image');
        if (named) await options.dropName?.(await named, isOnlyName);
      },
    };
  } catch (error) {
    trace.fail((error as Error).message);
    throw new CallFailure(error, source);
  }
}

/** Keeps a result, whose steps are all known by now, as an image of a name that nobody else has. */
async function nameResult(
  builder: RunOptions['builder'],
  request: BuildRequest,
  signal: AbortSignal,
): Promise<Reference> {
  const reference = parseReference(`berth-result:${randomId()}`);
  await using _ = await builder.build(
    {
      ...request,
      ...{ tags: [reference], outputs: [{ kind: 'image' }], cacheTo: [] },
      ...{ noCache: false, noCacheStages: [], pull: false },
    },
    { onEvent: () => {}, signal },
  );
  return reference;
}

/** Of a context that is the client's folder, the Dockerfile has a folder of its own. */
async function openDockerfile(
  { request, dockerfile }: FrontendCall,
  session: Session | undefined,
  { onEvent, signal }: { onEvent: (event: BuildEvent) => void; signal: AbortSignal },
): Promise<BuildRequest['dockerfile']> {
  const { path, folder, session: owner = session } = dockerfile;
  if (request.context.kind !== 'folder' || !owner) return { path };
  const clean = posix.resolve('/', path).slice(1);
  const task = `[internal] load build definition from ${posix.basename(clean)}`;
  onEvent({ kind: 'task-started', task, atMs: Date.now() });
  const candidates = [clean, ...(clean === 'Dockerfile' ? ['dockerfile'] : [])];
  const ignoreFile = `${clean}.dockerignore`;
  try {
    const found = await readFiles(owner.folder(folder), [...candidates, ignoreFile], signal);
    const fileName = candidates.find((name) => found.has(name));
    if (fileName === undefined) {
      throw notFound(`failed to read dockerfile: open ${clean}: no such file or directory`);
    }
    const text = found.get(fileName)!;
    onEvent({ kind: 'task-progress', task, current: text.length });
    return {
      text: text.toString(),
      fileName,
      ignore: found.get(ignoreFile)?.toString(),
    };
  } catch (error) {
    const { message: detail } = error as Error;
    onEvent({ kind: 'task-done', task, atMs: Date.now(), failed: true, detail });
    throw error;
  }
}

/** Tells of work as a task of this name. */
function tellingOf(onEvent: (event: BuildEvent) => void) {
  return async (task: string, work: () => Promise<void>) => {
    onEvent({ kind: 'task-started', task, atMs: Date.now() });
    let failed = true;
    try {
      await work();
      failed = false;
    } finally {
      onEvent({ kind: 'task-done', task, atMs: Date.now(), ...(failed && { failed }) });
    }
  };
}
