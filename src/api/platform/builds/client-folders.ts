import type { RemoteFolder } from '../../../build/index.ts';
import { unlessAborted } from '../../../core/index.ts';
import { openSession, type Session, sessionHeadOf } from '../../../session/index.ts';
import type { ApiRequest, Hijack } from '../../http/route.ts';

/** The folders of one build's client, which it serves over a connection of its own. */
export interface ClientFolders {
  /** A folder by the client's name for it; waits for the connection when it is first read. */
  folder(name: string, key: string): RemoteFolder;
  /** Takes the connection that serves them, until the client ends it. */
  serve(request: ApiRequest, connection: Hijack): Promise<undefined>;
}

export function createClientFolders(): ClientFolders {
  const opened = Promise.withResolvers<Session>();
  return {
    folder: (name, key) => ({
      key: `berth:${key}`,
      async open(choice, signal) {
        const session = await unlessAborted(opened.promise, signal);
        return session.folder(name).open(choice, signal);
      },
    }),
    async serve(request, connection) {
      const head = sessionHeadOf(request.headers);
      connection.accept('application/grpc', 'h2c');
      await using session = openSession(connection.stream, head);
      opened.resolve(session);
      const { closed } = session;
      if (!closed.aborted) {
        await new Promise((resolve) => closed.addEventListener('abort', resolve));
      }
      return undefined;
    },
  };
}
