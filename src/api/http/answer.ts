import type { ServerResponse } from 'node:http';
import type { Reply } from './reply.ts';
import type { RouteTable } from './route.ts';
import { statusOf } from './status.ts';
import { writeReply } from './write-reply.ts';

/** Told of each error that is not the client's doing (status 500). */
export type OnFailure = (error: unknown, request: { method: string; url: string }) => void;

/** Runs a handler and sends its reply, or the error's in the words of its table. */
export async function answer(
  response: ServerResponse,
  context: { table: RouteTable; url: string; onFailure?: OnFailure },
  produce: () => Promise<Reply>,
): Promise<void> {
  const { table, url, onFailure } = context;
  try {
    await writeReply(response, await produce(), table.headers ?? {});
  } catch (error) {
    if (statusOf(error) === 500) onFailure?.(error, { method: response.req.method ?? '', url });
    if (response.destroyed) return;
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    await writeReply(response, table.renderError(error), table.headers ?? {});
  }
}
