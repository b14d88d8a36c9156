import type { BuildContext, StepFailureDetails } from '../../../build/index.ts';
import { BerthError, type ByteStream, errorMessage, invalid } from '../../../core/index.ts';
import type { Session } from '../../../session/index.ts';
import { array, map, object, string } from '../../http/decode.ts';
import type { Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import type { TypedAttributes } from '../buildkit/control-messages.ts';
import { type Exporters, exportersOf } from '../buildkit/exporters.ts';
import { CallFailure, runCall } from '../buildkit/run-build.ts';
import type { Sessions } from '../buildkit/sessions.ts';
import { createStatusFeed, type StatusFeed } from '../buildkit/status-feed.ts';
import { statusResponse } from '../buildkit/status-messages.ts';
import { progressReply, type SendProgress } from '../progress.ts';
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
  shared: { sessions: Sessions; running: RunningBuilds; uploads: Uploads },
  request: ApiRequest,
): Reply {
  const { query } = request;
  const id = query.text('buildid');
  const canceler = new AbortController();
  const leaving = AbortSignal.any([request.signal, canceler.signal]);
  return progressReply(async (send) => {
    if (id !== '') shared.running.set(id, canceler);
    const feed = createStatusFeed();
    const told = tell(feed, send);
    try {
      const sessionId = query.text('session');
      const session = sessionId ? await shared.sessions.get(sessionId, leaving) : undefined;
      const signal = session ? AbortSignal.any([leaving, session.closed]) : leaving;
      const call = await callOf(request, { session, uploads: shared.uploads, signal });
      const exporters = exportersFor(request);
      const { builder } = ports;
      const options = { builder, ref: id, session, exporters, feed, signal };
      await using built = await runCall(call, options);
      await built.deliver(signal);
      feed.end();
      await told;
      const { imageId } = built.result;
      if (!keepsImage(exporters)) return;
      send({ id: 'moby.image.id', aux: { ID: imageId } });
      if (query.flag('q')) send({ stream: `${imageId}\n` });
    } catch (error) {
      feed.end();
      await told;
      throw solveFailure(error);
    } finally {
      shared.running.delete(id);
    }
  });
}

/** Sends what a feed says until it ends. */
async function tell(feed: StatusFeed, send: SendProgress): Promise<void> {
  for await (const status of feed) {
    const aux = Buffer.from(statusResponse.encode(status)).toString('base64');
    send({ id: 'moby.buildkit.trace', aux });
  }
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
function exportersFor({ query }: ApiRequest): Exporters {
  const specs: TypedAttributes[] = (outputsShape(query.json('outputs'), '') ?? []).map(
    ({ Type, Attrs = {} }) => ({ Type, Attrs: new Map(Object.entries(Attrs)) }),
  );
  const names = query.all('t').filter(Boolean).join(',');
  const image = { Type: 'moby', Attrs: new Map(names === '' ? [] : [['name', names]]) };
  return exportersOf(specs.length === 0 ? [image] : specs);
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
