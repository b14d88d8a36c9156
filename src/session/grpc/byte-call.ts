import { constants, type Http2Stream } from 'node:http2';
import { errorMessage, unavailable } from '../../core/index.ts';
import { createMessageReader, frameMessages } from './message-frames.ts';
import type { Metadata } from './metadata.ts';

/** One call, as either end sees it: messages in both directions. */
export interface Call {
  /** Headers of the other end. */
  readonly metadata: Metadata;
  /** What the other end sends, several messages at a time as they arrive. Read once. */
  readonly messages: AsyncIterable<readonly Buffer[]>;
  /** Sends messages in one write; the promise, if any, settles when more should be sent. */
  send(messages: readonly Uint8Array[]): Promise<void> | undefined;
  /** Aborted when the call is over, or its connection lost. */
  readonly signal: AbortSignal;
}

/**
 * Messages that arrive on a stream, from its beginning, whenever they are read. What ends it early is
 * thrown by `failure`, which knows more than the stream's own error.
 */
export function incomingMessages(
  stream: Http2Stream,
  failure: (cause: unknown) => unknown,
): AsyncIterable<readonly Buffer[]> {
  let end: { error?: unknown } | undefined;
  let wake = () => {};
  const finish = (how: { error?: unknown }) => {
    end ??= how;
    wake();
  };
  // Node's own iterator takes a stream for cut off that closed before anybody read it.
  stream.on('readable', () => wake());
  stream.on('end', () => finish({}));
  stream.on('error', (error) => finish({ error }));
  stream.on('close', () => {
    const isCut = stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR;
    finish(isCut ? { error: new Error(`closed with code ${stream.rstCode}`) } : {});
  });

  async function* read(): AsyncGenerator<readonly Buffer[]> {
    const reader = createMessageReader();
    for (;;) {
      const chunk = stream.read() as Buffer | null;
      if (chunk) {
        const messages = reader.add(chunk);
        if (messages.length > 0) yield messages;
      } else if (end) {
        if ('error' in end) throw failure(end.error);
        reader.end();
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return read();
}

/** Writes messages; waits only where the peer has no more room. */
export function sendMessages(
  stream: Http2Stream,
  messages: readonly Uint8Array[],
): Promise<void> | undefined {
  if (stream.destroyed || stream.writableEnded) return Promise.reject(callOver());
  if (stream.write(frameMessages(messages))) return undefined;
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      stream.off('drain', onDrain);
      stream.off('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    const onDrain = () => settle();
    const onClose = () => settle(callOver());
    stream.on('drain', onDrain);
    stream.on('close', onClose);
  });
}

function callOver(): Error {
  return unavailable('send message: the call is over');
}

/** The end of a stream in words. */
export function lostCall(call: string, cause: unknown): Error {
  return unavailable(`${call}: the connection was lost: ${errorMessage(cause)}`, { cause });
}
