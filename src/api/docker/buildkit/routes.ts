import { invalid } from '../../../core/index.ts';
import { serveGrpc, sessionHeadOf } from '../../../session/index.ts';
import type { ApiRequest, HijackRoute } from '../../http/route.ts';
import { buildkitMethods } from './control.ts';
import type { BuildHistory } from './history/build-history.ts';
import type { BuildkitPorts } from './ports.ts';
import type { Sessions } from './sessions.ts';

/**
 * BuildKit's two connections: on `/session` the client serves its folders and secrets to the daemon,
 * on `/grpc` the daemon serves BuildKit's API to the client.
 */
export function buildkitHijacks(
  ports: BuildkitPorts,
  shared: { sessions: Sessions; history: BuildHistory },
): HijackRoute[] {
  const { sessions } = shared;
  const methods = buildkitMethods(ports, shared);
  return [
    {
      method: 'POST',
      path: '/session',
      async handle(request, connection) {
        checkUpgrade(request);
        const head = sessionHeadOf(request.headers);
        if (head.id === '') throw invalid('open session: it has no id');
        connection.accept('application/grpc', 'h2c');
        await sessions.hold(connection.stream, head);
        return undefined;
      },
    },
    {
      method: 'POST',
      path: '/grpc',
      async handle(request, connection) {
        checkUpgrade(request);
        connection.accept('application/grpc', 'h2c');
        await using server = serveGrpc(connection.stream, methods);
        const { closed } = server;
        if (!closed.aborted) {
          await new Promise((resolve) => closed.addEventListener('abort', resolve));
        }
        return undefined;
      },
    },
  ];
}

function checkUpgrade({ headers }: ApiRequest): void {
  const protocol = headers.upgrade ?? '';
  if (protocol === '') throw invalid('no upgrade proto in request');
  if (protocol !== 'h2c') throw invalid(`protocol ${protocol.slice(0, 40)} not supported`);
}
