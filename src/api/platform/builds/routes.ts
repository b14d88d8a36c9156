import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Builder, BuildRequest, BuildResult } from '../../../build/index.ts';
import { conflict, notFound, randomId } from '../../../core/index.ts';
import { bytes, empty, json, jsonLines } from '../../http/reply.ts';
import {
  type ApiRequest,
  del,
  get,
  type HijackRoute,
  post,
  put,
  type Route,
} from '../../http/route.ts';
import { type BuildMessage, messageOfEvent, messageOfFailure } from './build-message.ts';
import { type BuildSpec, requestOf } from './build-spec.ts';
import { type ClientFolders, createClientFolders } from './client-folders.ts';

/** A build between its announcement and the reading of its outputs. */
interface Session {
  readonly request: BuildRequest;
  readonly uploads: ReadonlyMap<string, PassThrough>;
  readonly folders: ClientFolders;
  isRunning: boolean;
  result?: BuildResult;
  expiry: NodeJS.Timeout;
}

/** What was announced and is not begun, or was built and is not read, is dropped after this long. */
const idleLimitMs = 10 * 60_000;

/**
 * A build takes several requests, because its contexts are streams of their own:
 *
 *     POST /v1/builds                        a BuildSpec → {"id": …}
 *     PUT  /v1/builds/<id>/contexts/<name>   a tar, while the build runs
 *     POST /v1/builds/<id>/session           a BuildKit session that serves the client's folders
 *     POST /v1/builds/<id>/run               → BuildMessage lines; leaving cancels the build
 *     GET  /v1/builds/<id>/outputs/<index>   the archive of an output
 *     DELETE /v1/builds/<id>                 outputs that nobody wants any more
 */
export function buildRoutes(builder: Builder): { routes: Route[]; hijacks: HijackRoute[] } {
  const sessions = new Map<string, Session>();

  function find({ params }: ApiRequest): { id: string; session: Session } {
    const id = params.id!;
    const session = sessions.get(id);
    if (session === undefined) throw notFound(`find build: there is no build ${id.slice(0, 80)}`);
    return { id, session };
  }

  async function drop(id: string): Promise<void> {
    const session = sessions.get(id);
    if (session === undefined) return;
    sessions.delete(id);
    clearTimeout(session.expiry);
    for (const upload of session.uploads.values()) upload.destroy();
    await session.result?.[Symbol.asyncDispose]();
  }

  const dropLater = (id: string) => setTimeout(() => void drop(id), idleLimitMs).unref();

  function announce(spec: BuildSpec): string {
    const id = randomId().slice(0, 24);
    const uploads = new Map<string, PassThrough>();
    const folders = createClientFolders();
    const request = requestOf(spec, {
      upload(name) {
        const stream = new PassThrough({ highWaterMark: 1 << 20 });
        uploads.set(name, stream);
        return { kind: 'tar', stream };
      },
      folder: (name, key) => ({ kind: 'folder', folder: folders.folder(name, key) }),
    });
    sessions.set(id, { request, uploads, folders, isRunning: false, expiry: dropLater(id) });
    return id;
  }

  async function run(
    id: string,
    session: Session,
    signal: AbortSignal,
    send: (message: BuildMessage) => void,
  ): Promise<void> {
    try {
      const onEvent = (event: Parameters<typeof messageOfEvent>[0]) => send(messageOfEvent(event));
      const result = await builder.build(session.request, { onEvent, signal });
      session.result = result;
      const { imageId, manifestDigest, archives } = result;
      send({ kind: 'result', imageId, manifestDigest, outputs: archives.map(({ kind }) => kind) });
      if (archives.length === 0 || signal.aborted) await drop(id);
      else session.expiry = dropLater(id);
    } catch (error) {
      send(messageOfFailure(error));
      await drop(id);
    }
  }

  const routes = [
    post('/v1/builds', async (request) =>
      json({ id: announce((await request.json()) as BuildSpec) }, 201),
    ),

    put('/v1/builds/:id/contexts/:name', async (request) => {
      const { id, session } = find(request);
      const upload = session.uploads.get(request.params.name!);
      if (upload === undefined) {
        throw notFound(`upload context: build ${id} awaits none named "${request.params.name}"`);
      }
      await pipeline(request.body, upload).catch((error: unknown) => {
        // A build that has what it needs, or has failed, stops reading: its own answer says which.
        if (sessions.has(id) && !upload.readableEnded && !upload.destroyed) throw error;
      });
      return empty(204);
    }),

    post('/v1/builds/:id/run', (request) => {
      const { id, session } = find(request);
      if (session.isRunning) throw conflict(`run build: ${id} was begun before`);
      session.isRunning = true;
      clearTimeout(session.expiry);
      return jsonLines(gather((send) => run(id, session, request.signal, send)));
    }),

    get('/v1/builds/:id/outputs/:index', (request) => {
      const { id, session } = find(request);
      const archive = session.result?.archives[Number(request.params.index)];
      if (archive === undefined)
        throw notFound(`read output: build ${id} has no output ${request.params.index}`);
      return bytes(archive.content, 'application/x-tar');
    }),

    del('/v1/builds/:id', async (request) => {
      await drop(find(request).id);
      return empty(204);
    }),
  ];
  const session: HijackRoute = {
    method: 'POST',
    path: '/v1/builds/:id/session',
    handle: (request, connection) => find(request).session.folders.serve(request, connection),
  };
  return { routes, hijacks: [session] };
}

/** What `work` sends, as an iteration that ends when the work does. */
async function* gather<T>(work: (send: (item: T) => void) => Promise<void>): AsyncGenerator<T> {
  const items: T[] = [];
  let wake = () => {};
  let isDone = false;
  const finished = work((item) => {
    items.push(item);
    wake();
  }).finally(() => {
    isDone = true;
    wake();
  });
  while (!isDone || items.length > 0) {
    if (items.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    yield* items.splice(0);
  }
  await finished;
}
