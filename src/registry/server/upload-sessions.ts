import type { IncomingMessage } from 'node:http';
import type { RepositoryName } from '../repository-name.ts';
import type { Upload, UploadStorage } from './storage.ts';

interface Session {
  /** Cuts the connection if it is still sending. */
  interrupt(): void;
  readonly finished: Promise<void>;
}

/**
 * Opens uploads one request at a time. A request for an upload that another connection still writes
 * takes it over: a client that lost its connection comes back long before this side notices.
 */
export function uploadSessions(uploads: UploadStorage) {
  const active = new Map<string, Session>();

  async function withUpload<T>(
    target: { repository: RepositoryName; id: string; request: IncomingMessage },
    work: (upload: Upload) => Promise<T>,
  ): Promise<T> {
    const { repository, id, request } = target;
    const key = `${repository}/${id}`;
    for (let busy = active.get(key); busy; busy = active.get(key)) {
      busy.interrupt();
      await busy.finished;
    }
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
    const interrupt = () => {
      if (!request.complete) request.destroy();
    };
    const session = { interrupt, finished };
    active.set(key, session);
    try {
      await using upload = await uploads.open(repository, id);
      return await work(upload);
    } finally {
      active.delete(key);
      finish();
    }
  }

  return { withUpload };
}
