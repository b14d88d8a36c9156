import type { BuildContext, StepFailureDetails } from '../../../build/index.ts';
import {
  BerthError,
  type ByteStream,
  errorMessage,
  invalid,
  randomId,
} from '../../../core/index.ts';
import type { Session } from '../../../session/index.ts';
import { array, map, object, string } from '../../http/decode.ts';
import { jsonLines, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import type { TypedAttributes } from '../buildkit/control-messages.ts';
import { type Exporters, exportersOf } from '../buildkit/exporters.ts';
import type { AskedBuild, BuildHistory } from '../buildkit/history/build-history.ts';
import { CallFailure, runCall } from '../buildkit/run-build.ts';
import type { Sessions } from '../buildkit/sessions.ts';
import { createStatusFeed, type StatusFeed } from '../buildkit/status-feed.ts';
import { statusResponse } from '../buildkit/status-messages.ts';
import type { ProgressMessage } from '../progress.ts';
import type { RunningBuilds } from './build.ts';
import { queryOptionsOf } from './build-query.ts';
import { placeText } from './place-text.ts';
import type { BuildPorts } from './ports.ts';
import type { Uploads } from './uploads.ts';

/**
 * `docker build` of a client with BuildKit built in (`DOCKER_BUILDKIT=1`): `POST /build?version=2`.
 * Files and secrets come over its session, what is told is BuildKit's own trace.
 */
export function buildBySession(
  ports: BuildPorts,
  shared: SharedBuilds,
  request: ApiRequest,
): Reply {
  return jsonLines(tell(ports, shared, request), { head: 'first-chunk' });
}

/** What builds have in common that several requests make up. */
export interface SharedBuilds {
  readonly sessions: Sessions;
  readonly history: BuildHistory;
  readonly running: RunningBuilds;
  readonly uploads: Uploads;
}

/** The build's own pace is that of its client: what it does not read is not made into messages. */
async function* tell(
  ports: BuildPorts,
  shared: SharedBuilds,
  request: ApiRequest,
): AsyncGenerator<ProgressMessage> {
  const id = request.query.text('buildid');
  const canceler = new AbortController();
  const signal = AbortSignal.any([request.signal, canceler.signal]);
  const followed = shared.history.follow(askedBuild(request), createStatusFeed());
  const { feed } = followed;
  if (id !== '') shared.running.set(id, canceler);
  const building = build(ports, shared, { request, feed, signal }).finally(feed.end);
  building.then(({ response }) => followed.done(response), followed.failed);
  let hasTold = false;
  try {
    for await (const status of feed) {
      const aux = Buffer.from(statusResponse.encode(status)).toString('base64');
      yield { id: 'moby.buildkit.trace', aux };
      hasTold = true;
    }
    const { imageId } = await building;
    if (imageId === undefined) return;
    yield { id: 'moby.image.id', aux: { ID: imageId } };
    if (request.query.flag('q')) yield { stream: `${imageId}\n` };
  } catch (error) {
    const failure = solveFailure(error);
    if (!hasTold) throw failure;
    const message = errorMessage(failure);
    yield { errorDetail: { message }, error: message };
  } finally {
    canceler.abort();
    shared.running.delete(id);
  }
}

/** What the history keeps of how it was asked for, in the words of the frontend. */
function askedBuild(request: ApiRequest): AskedBuild {
  const { query } = request;
  const { dockerfile, target, buildArgs, labels } = queryOptionsOf(request);
  const remote = query.text('remote');
  const isClients = ['', 'client-session', 'upload-request'].includes(remote);
  const attributes: Record<string, string | undefined> = {
    filename: dockerfile.path,
    target,
    platform: query.text('platform') || undefined,
    context: isClients ? undefined : remote,
    ...prefixed('build-arg:', buildArgs),
    ...prefixed('label:', labels),
  };
  return {
    Ref: query.text('buildid') || randomId(),
    Frontend: 'dockerfile.v0',
    FrontendAttrs: new Map(
      Object.entries(attributes).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      ),
    ),
    Exporters: exporterSpecs(request),
    Internal: false,
  };
}

function prefixed(prefix: string, values: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]),
  );
}

/** Gives what its exporters answer, and the id of an image that is kept here. */
async function build(
  { builder }: BuildPorts,
  { sessions, uploads }: SharedBuilds,
  {
    request,
    feed,
    signal: leaving,
  }: { request: ApiRequest; feed: StatusFeed; signal: AbortSignal },
): Promise<{ response: ReadonlyMap<string, string>; imageId: string | undefined }> {
  const { query } = request;
  const sessionId = query.text('session');
  const session = sessionId ? await sessions.get(sessionId, leaving) : undefined;
  const signal = session ? AbortSignal.any([leaving, session.closed]) : leaving;
  const call = await callOf(request, { session, uploads, signal });
  const exporters = exportersOf(exporterSpecs(request));
  const ref = query.text('buildid');
  await using built = await runCall(call, { builder, ref, session, exporters, feed, signal });
  const response = await built.deliver(signal);
  return { response, imageId: keepsImage(exporters) ? built.result.imageId : undefined };
}

async function callOf(
  request: ApiRequest,
  options: { session: Session | undefined; uploads: Uploads; signal: AbortSignal },
) {
  const { query } = request;
  const { dockerfile, tags: _, ...wanted } = queryOptionsOf(request);
  const inline = wanted.buildArgs.BUILDKIT_INLINE_CACHE === '1';
  return {
    subrequest: undefined,
    dockerfile: { path: dockerfile.path, folder: 'dockerfile' },
    request: {
      ...wanted,
      context: await contextOf(query.text('remote'), request.body, { query, ...options }),
      ...(inline && { cacheTo: [{ kind: 'inline' as const }] }),
    },
  };
}

async function contextOf(
  remote: string,
  body: ByteStream,
  options: {
    query: ApiRequest['query'];
    session: Session | undefined;
    uploads: Uploads;
    signal: AbortSignal;
  },
): Promise<BuildContext> {
  const { query, session, uploads, signal } = options;
  switch (remote) {
    case 'client-session':
      if (!session) throw invalid('build from client-session: the client opened no session');
      return { kind: 'folder', folder: session.folder('context') };
    case 'upload-request':
      return { kind: 'tar', stream: await uploads.take(query.text('buildid'), signal) };
    case '':
      return { kind: 'tar', stream: body };
    default:
      return { kind: 'remote', url: remote };
  }
}

const outputsShape = array(
  object<{ Type: string; Attrs: Record<string, string> }>({ Type: string, Attrs: map(string) }),
);

/** `--output`; without it, the image under its tags. */
function exporterSpecs({ query }: ApiRequest): readonly TypedAttributes[] {
  const specs: TypedAttributes[] = (outputsShape(query.json('outputs'), '') ?? []).map(
    ({ Type, Attrs = {} }) => ({ Type, Attrs: new Map(Object.entries(Attrs)) }),
  );
  const names = query.all('t').filter(Boolean).join(',');
  const image = { Type: 'moby', Attrs: new Map(names === '' ? [] : [['name', names]]) };
  return specs.length === 0 ? [image] : specs;
}

function keepsImage({ outputs }: Exporters): boolean {
  return outputs.some(({ kind }) => kind === 'image');
}

/** The error in BuildKit's words, with the Dockerfile's lines it is about. */
function solveFailure(error: unknown): unknown {
  const cause = error instanceof CallFailure ? error.cause : error;
  if (!(cause instanceof BerthError)) return cause;
  const place = placeText((cause.details ?? {}) as Partial<StepFailureDetails>);
  const message = `failed to solve: ${errorMessage(cause)}${place ? `\n${place}` : ''}`;
  return new BerthError(cause.kind, message, { cause });
}
