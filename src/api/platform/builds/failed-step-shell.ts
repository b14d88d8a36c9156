import type { FailedSteps } from '../../../build/index.ts';
import { empty } from '../../http/reply.ts';
import { del, type HijackRoute, type Route } from '../../http/route.ts';

/**
 * What a build with `keepFailedStep` left:
 *
 *     POST   /v1/builds/steps/<id>/shell?rows=&columns=   a shell in it, on the bare connection
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
          await using step = failedSteps.get(params.id!);
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
