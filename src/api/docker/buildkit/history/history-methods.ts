import { notFound } from '../../../../core/index.ts';
import {
  contentInfo,
  contentRead,
  type Methods,
  serverStream,
  unary,
} from '../../../../session/index.ts';
import { failureOf } from '../failure-status.ts';
import type { BuildHistory } from './build-history.ts';
import {
  historyEvent,
  historyMessage,
  historyPath,
  historyRequest,
  updateHistory,
} from './history-messages.ts';

/** `docker buildx history`: what was built, and the blobs its records name. */
export function historyMethods(history: BuildHistory): Methods {
  const blob = (digest: string) => {
    const bytes = history.content(digest);
    if (bytes) return bytes;
    throw notFound(`content ${digest.slice(0, 80)}: not found`);
  };
  return {
    [historyPath]: serverStream(historyRequest, historyEvent, async function* (question, call) {
      try {
        for await (const event of history.listen(question, call.signal)) {
          yield historyMessage(event);
        }
      } catch (error) {
        throw failureOf(error);
      }
    }),

    [updateHistory.path]: unary(
      updateHistory.request,
      updateHistory.response,
      ({ Ref, Pinned, Delete, Finalize }) => {
        try {
          if (Delete) history.delete(Ref);
          // A record is whole when its build has ended.
          else if (!Finalize) history.setPinned(Ref, Pinned);
        } catch (error) {
          throw failureOf(error);
        }
        return {};
      },
    ),

    [contentInfo.path]: unary(contentInfo.request, contentInfo.response, ({ digest }) => ({
      info: { digest, size: blob(digest).length },
    })),

    [contentRead.path]: serverStream(
      contentRead.request,
      contentRead.response,
      async function* ({ digest, offset, size }) {
        const start = Number(offset);
        const end = Number(size) > 0 ? start + Number(size) : undefined;
        yield { offset, data: blob(digest).subarray(start, end) };
      },
    ),
  };
}
