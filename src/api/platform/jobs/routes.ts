import { type ByteStream, encodeFrame, invalid } from '../../../core/index.ts';
import type { Job, Jobs, OutputLine } from '../../../jobs/index.ts';
import { bytes, json } from '../../http/reply.ts';
import { type ApiRequest, get, post, type Route } from '../../http/route.ts';
import { type JobNaming, viewJob } from './job-view.ts';
import { parseSubmission } from './submission.ts';

export interface JobsBackend extends JobNaming {
  jobs: Pick<Jobs, 'submit' | 'get' | 'list' | 'wait' | 'cancel' | 'output'>;
}

export function jobRoutes(backend: JobsBackend): Route[] {
  const { jobs } = backend;
  const view = (job: Job) => viewJob(job, backend);
  const find = (request: ApiRequest) => jobs.get(parseJobId(request.params.id!));
  return [
    post('/v1/jobs', async (request) =>
      json(view(await jobs.submit(parseSubmission(await request.json()), 'root')), 201),
    ),
    get('/v1/jobs', () => json(jobs.list().map(view))),
    get('/v1/jobs/:id', (request) => json(view(find(request)))),
    post('/v1/jobs/:id/cancel', async (request) => {
      const { id } = find(request);
      await jobs.cancel(id);
      return json(view(jobs.get(id)));
    }),
    get('/v1/jobs/:id/wait', async (request) =>
      json(view(await jobs.wait(find(request).id, request.signal))),
    ),
    get('/v1/jobs/:id/logs', (request) => {
      const { id } = find(request);
      const options = {
        follow: request.query.flag('follow'),
        tail: parseTail(request),
        signal: request.signal,
      };
      const type = 'application/vnd.docker.multiplexed-stream';
      return bytes(framesOf(jobs.output(id, options)), type, { head: 'at-once' });
    }),
  ];
}

async function* framesOf(lines: AsyncIterable<OutputLine>): ByteStream {
  for await (const line of lines) yield encodeFrame(line);
}

function parseTail(request: ApiRequest): number | undefined {
  const tail = request.query.text('tail') || 'all';
  if (tail === 'all') return undefined;
  if (!/^\d{1,12}$/.test(tail))
    throw invalid(`read output: tail "${tail.slice(0, 40)}" is not a number of lines`);
  return Number(tail);
}

function parseJobId(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text))
    throw invalid(`find job: "${text.slice(0, 40)}" is not a job number`);
  return Number(text);
}
