import { invalid } from '../../../core/index.ts';
import type { ApiRequest, Hijack } from '../../http/route.ts';
import { openWebSocket } from '../../http/web-socket.ts';
import type { ContainerPorts } from './ports.ts';
import { streamType } from './stream-type.ts';

/** `docker attach`: the connection becomes the container's streams once they are joined. */
export async function attachContainer(
  { containers, streams }: Pick<ContainerPorts, 'containers' | 'streams'>,
  request: ApiRequest,
  connection: Hijack,
): Promise<undefined> {
  const { id, config } = containers.get(request.params.id!);
  const type = streamType(connection.upgrade ? request.version : '1.24', config.Tty ?? false);
  await streams.attach(id, connection.stream, {
    ...attachOptions(request),
    onJoined: () => connection.accept(type),
  });
  connection.accept(type);
}

function attachOptions({ query, signal }: ApiRequest) {
  return {
    stdin: query.flag('stdin'),
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr'),
    logs: query.flag('logs'),
    follow: query.flag('stream'),
    detachKeys: query.text('detachKeys') || undefined,
    signal,
  };
}

/**
 * The same over a websocket, for browsers: output of both streams comes unframed in binary messages,
 * as Docker's.
 */
export async function attachByWebSocket(
  { containers, streams }: Pick<ContainerPorts, 'containers' | 'streams'>,
  request: ApiRequest,
  connection: Hijack,
): Promise<undefined> {
  const { id } = containers.get(request.params.id!);
  const socket = await openWebSocket(connection, request.headers);
  let isAccepted = false;
  const accept = () => {
    if (!isAccepted) socket.accept();
    isAccepted = true;
  };
  let failed = true;
  try {
    await streams.attach(id, socket.stream, {
      ...attachOptions(request),
      raw: true,
      onJoined: accept,
    });
    accept();
    failed = false;
  } finally {
    if (isAccepted) await socket.close({ failed });
  }
}

/** `h` and `w` of a resize. Throws `invalid`. */
export function terminalSize({ query }: ApiRequest): { columns: number; rows: number } {
  const read = (name: 'h' | 'w', what: string) => {
    const text = query.text(name);
    if (!/^\d{1,5}$/.test(text)) {
      throw invalid(`invalid resize ${what} ${JSON.stringify(text)}: invalid syntax`);
    }
    return Number(text);
  };
  return { rows: read('h', 'height'), columns: read('w', 'width') };
}
