import type { Http2Stream } from 'node:http2';
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
 * Messages that arrive on a stream. What ends it early is thrown by `failure`, which knows more than
 * the stream's own error.
 */
export async function* incomingMessages(
  stream: Http2Stream,
  failure: (cause: unknown) => unknown,
): AsyncGenerator<readonly Buffer[]> {
  const reader = createMessageReader();
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      const messages = reader.add(chunk as Buffer);
      if (messages.length > 0) yield messages;
    }
  } catch (error) {
    throw failure(error);
  }
  reader.end();
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
