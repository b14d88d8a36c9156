import { PassThrough, Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Builder, BuildRequest, BuildResult } from '../../../build/index.ts';
import { conflict, notFound, randomId } from '../../../core/index.ts';
import { clientGone } from '../../client-gone.ts';
import { type BuildMessage, messageOfEvent, messageOfFailure } from './build-message.ts';
import { type BuildSpec, requestOf } from './build-spec.ts';

/** A build between its announcement and the reading of its outputs. */
interface Session {
  readonly request: BuildRequest;
  readonly uploads: ReadonlyMap<string, PassThrough>;
  isRunning: boolean;
  result?: BuildResult;
  expiry: NodeJS.Timeout;
}

/** What was announced and is not begun, or was built and is not read, is dropped after this long. */
const idleLimitMs = 10 * 60_000;

type ById = FastifyRequest<{ Params: { id: string; name: string; index: string } }>;

/**
 * A build takes several requests, because its contexts are streams of their own:
 *
 *     POST /v1/builds                        a BuildSpec → {"id": …}
 *     PUT  /v1/builds/<id>/contexts/<name>   a tar, while the build runs
 *     POST /v1/builds/<id>/run               → BuildMessage lines; leaving cancels the build
 *     GET  /v1/builds/<id>/outputs/<index>   the archive of an output
 *     DELETE /v1/builds/<id>                 outputs that nobody wants any more
 */
export function buildRoutes(app: FastifyInstance, builder: Builder): void {
  const sessions = new Map<string, Session>();

  const find = (request: ById): Session => {
    const session = sessions.get(request.params.id);
    if (session === undefined)
      throw notFound(`find build: there is no build ${request.params.id.slice(0, 80)}`);
    return session;
  };

  async function drop(id: string): Promise<void> {
    const session = sessions.get(id);
    if (session === undefined) return;
    sessions.delete(id);
    clearTimeout(session.expiry);
    for (const upload of session.uploads.values()) upload.destroy();
    await session.result?.[Symbol.asyncDispose]();
  }

  app.post('/v1/builds', { bodyLimit: 32 * 2 ** 20 }, async (request, reply) => {
    const id = randomId().slice(0, 24);
    const uploads = new Map<string, PassThrough>();
    const build = requestOf(request.body as BuildSpec, (name) => {
      const stream = new PassThrough({ highWaterMark: 1 << 20 });
      stream.on('error', () => {}); // whoever reads the stream gets the error too
      uploads.set(name, stream);
      return { kind: 'tar', stream };
    });
    const expiry = setTimeout(() => void drop(id), idleLimitMs);
    expiry.unref();
    sessions.set(id, { request: build, uploads, isRunning: false, expiry });
    return reply.code(201).send({ id });
  });

  app.put('/v1/builds/:id/contexts/:name', async (request: ById, reply) => {
    const upload = find(request).uploads.get(request.params.name);
    if (upload === undefined) {
      throw notFound(
        `upload context: build ${request.params.id} awaits none named "${request.params.name}"`,
      );
    }
    await receive(request, upload);
    return reply.code(204).send();
  });

  app.post('/v1/builds/:id/run', (request: ById, reply) => {
    const session = find(request);
    if (session.isRunning) throw conflict(`run build: ${request.params.id} was begun before`);
    session.isRunning = true;
    clearTimeout(session.expiry);
    const messages = new PassThrough({ highWaterMark: 1 << 20 });
    const send = (message: BuildMessage) => messages.write(`${JSON.stringify(message)}\n`);
    const signal = clientGone(reply);
    builder
      .build(session.request, { onEvent: (event) => send(messageOfEvent(event)), signal })
      .then((result) => {
        session.result = result;
        send({
          kind: 'result',
          imageId: result.imageId,
          manifestDigest: result.manifestDigest,
          outputs: result.archives.map((archive) => archive.kind),
        });
        if (result.archives.length === 0 || signal.aborted) return drop(request.params.id);
        session.expiry = setTimeout(() => void drop(request.params.id), idleLimitMs);
        session.expiry.unref();
      })
      .catch((error: unknown) => {
        send(messageOfFailure(error));
        return drop(request.params.id);
      })
      .finally(() => messages.end());
    return reply.header('content-type', 'application/x-ndjson').send(messages);
  });

  app.get('/v1/builds/:id/outputs/:index', (request: ById, reply: FastifyReply) => {
    const archive = find(request).result?.archives[Number(request.params.index)];
    if (archive === undefined)
      throw notFound(
        `read output: build ${request.params.id} has no output ${request.params.index}`,
      );
    return reply
      .header('content-type', 'application/x-tar')
      .send(Readable.from(archive.content, { objectMode: false }));
  });

  app.delete('/v1/builds/:id', async (request: ById, reply) => {
    await drop(request.params.id);
    return reply.code(204).send();
  });
}

/** Passes the body on; an upload that is cut, or that the build ended before, is an error there. */
function receive(request: FastifyRequest, upload: PassThrough): Promise<void> {
  const body = request.raw;
  return new Promise((resolve) => {
    upload.once('close', resolve);
    body.once('aborted', () => upload.destroy(new Error('the upload of the context was cut')));
    body.pipe(upload);
    upload.once('close', () => body.resume());
  });
}
