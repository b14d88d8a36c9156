import type { Http2Session } from 'node:http2';

/** What one stream may have under way, and all streams together, before the reader has to say so. */
const streamWindowBytes = 4 * 2 ** 20;
const connectionWindowBytes = 16 * 2 ** 20;

/** Wide windows and frames: a folder goes through as one burst, not as a conversation. */
export const connectionOptions = {
  settings: {
    enablePush: false,
    initialWindowSize: streamWindowBytes,
    maxFrameSize: 2 ** 18,
    // Ignore patterns and followed paths travel as headers.
    maxHeaderListSize: 16 * 2 ** 20,
    maxConcurrentStreams: 1000,
  },
  maxHeaderListPairs: 1_000_000,
  maxSendHeaderBlockLength: 16 * 2 ** 20,
  maxSessionMemory: 256,
} as const;

export function widenWindow(session: Http2Session): void {
  if (!session.destroyed) session.setLocalWindowSize(connectionWindowBytes);
}
