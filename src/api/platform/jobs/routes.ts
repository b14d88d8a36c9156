import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { encodeFrame, invalid } from '../../../core/index.ts';
import type { Job, Jobs } from '../../../jobs/index.ts';
import { clientGone } from '../../client-gone.ts';
import { type JobNaming, viewJob } from './job-view.ts';
import { parseSubmission } from './submission.ts';

export interface JobsBackend extends JobNaming {
  jobs: Pick<Jobs, 'submit' | 'get' | 'list' | 'wait' | 'cancel' | 'output'>;
}

type ById = FastifyRequest<{ Params: { id: string } }>;

export function jobRoutes(app: FastifyInstance, backend: JobsBackend): void {
  const { jobs } = backend;
  const view = (job: Job) => viewJob(job, backend);
  const find = (request: ById) => jobs.get(parseJobId(request.params.id));

  app.post('/v1/jobs', async (request, reply) => {
    const job = await jobs.submit(parseSubmission(request.body), 'root');
    return reply.code(201).send(view(job));
  });
  app.get('/v1/jobs', async () => jobs.list().map(view));
  app.get('/v1/jobs/:id', async (request: ById) => view(find(request)));
  app.post('/v1/jobs/:id/cancel', async (request: ById) => {
    const { id } = find(request);
    await jobs.cancel(id);
    return view(jobs.get(id));
  });
  app.get('/v1/jobs/:id/wait', async (request: ById, reply) =>
    view(await jobs.wait(find(request).id, clientGone(reply))),
  );
  app.get('/v1/jobs/:id/logs', (request: ById, reply) =>
    sendOutput(jobs, find(request), request, reply),
  );
}

/** Standard output and error in Docker's frames. */
function sendOutput(
  jobs: JobsBackend['jobs'],
  job: Job,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const query = request.query as Record<string, string | undefined>;
  const follow = query.follow === '1' || query.follow === 'true';
  const tail = query.tail === undefined || query.tail === 'all' ? undefined : Number(query.tail);
  if (tail !== undefined && !(Number.isSafeInteger(tail) && tail >= 0)) {
    throw invalid(`read output of job ${job.id}: tail "${query.tail}" is not a number of lines`);
  }
  const lines = jobs.output(job.id, { follow, tail, signal: clientGone(reply) });
  async function* frames() {
    for await (const line of lines) yield encodeFrame(line);
  }
  return reply
    .header('content-type', 'application/vnd.docker.multiplexed-stream')
    .send(Readable.from(frames(), { objectMode: false }));
}

function parseJobId(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text))
    throw invalid(`find job: "${text.slice(0, 40)}" is not a job number`);
  return Number(text);
}
