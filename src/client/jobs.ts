import type { JobView } from '../api/index.ts';
import { decodeFrames, type Frame } from '../core/index.ts';
import type { Connection } from './connection.ts';

export type { JobView };

export interface JobRequest {
  image: string;
  argument?: string;
  name?: string;
  env?: Record<string, string>;
  cpus?: number;
  memoryBytes?: number;
  timeLimitS?: number;
}

/** The platform API's jobs, typed. */
export function jobsClient(connection: Connection) {
  const at = (id: number, verb = '') => `/v1/jobs/${id}${verb}`;
  return {
    submit: (body: JobRequest) =>
      connection.json<JobView>({ method: 'POST', path: '/v1/jobs', body }),
    list: () => connection.json<JobView[]>({ method: 'GET', path: '/v1/jobs' }),
    get: (id: number) => connection.json<JobView>({ method: 'GET', path: at(id) }),
    cancel: (id: number) => connection.json<JobView>({ method: 'POST', path: at(id, '/cancel') }),
    wait: (id: number) => connection.json<JobView>({ method: 'GET', path: at(id, '/wait') }),
    async *output(id: number, query: { follow: boolean; tail?: string }): AsyncGenerator<Frame> {
      yield* decodeFrames(await connection.send({ method: 'GET', path: at(id, '/logs'), query }));
    },
  };
}
