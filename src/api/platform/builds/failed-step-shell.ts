import type { FailedSteps } from '../../../build/index.ts';
import { conflict, invalid } from '../../../core/index.ts';
import { empty } from '../../http/reply.ts';
import { del, type HijackRoute, post, type Route } from '../../http/route.ts';

/**
 * What a build with `keepFailedStep` left:
 *
 *     POST   /v1/builds/steps/<id>/shell?rows=&columns=   a shell in it, on the bare connection
 *     POST   /v1/builds/steps/<id>/resize?rows=&columns=  the size of its terminal
 *     DELETE /v1/builds/steps/<id>                        nobody wants it any more
 *
 * A step is gone when its shell has ended.
 */
export function failedStepRoutes(failedSteps: FailedSteps): {
  routes: Route[];
  hijacks: HijackRoute[];
} {
  return {
    routes: [
      post('/v1/builds/steps/:id/resize', ({ params, query }) => {
        const [rows, columns] = [query.integer('rows'), query.integer('columns')];
        if (!rows || !columns) throw invalid('resize terminal: rows and columns are needed');
        failedSteps.get(params.id!).resize({ rows, columns });
        return empty(204);
      }),
      del('/v1/builds/steps/:id', async ({ params }) => {
        await failedSteps.get(params.id!)[Symbol.asyncDispose]();
        return empty(204);
      }),
    ],
    hijacks: [
      {
        method: 'POST',
        path: '/v1/builds/steps/:id/shell',
        async handle({ params, query, signal }, connection) {
          const found = failedSteps.get(params.id!);
          // Who comes second must not take it away from who is in it.
          if (found.isOpen()) throw conflict(`open shell: one is open in step ${found.id} already`);
          await using step = found;
          const [rows, columns] = [query.integer('rows'), query.integer('columns')];
          const { stream } = connection;
          connection.accept('application/octet-stream');
          await step.shell({
            signal,
            stdin: stream,
            onOutput: (_stream, bytes) => void stream.write(bytes),
            terminal: rows && columns ? { rows, columns } : undefined,
          });
          return undefined;
        },
      },
    ],
  };
}
