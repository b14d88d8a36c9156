import type { Duplex } from 'node:stream';
import type { ByteStream } from '../core/index.ts';
import type { Call } from './grpc/byte-call.ts';
import { bytesMessage } from './session-methods.ts';

/** The bytes that messages carry. */
export async function* bytesOf(messages: AsyncIterable<readonly Uint8Array[]>): ByteStream {
  for await (const batch of messages) {
    for (const one of batch) {
      const { data } = bytesMessage.decode(one);
      if (data.length > 0) yield data;
    }
  }
}

/** Some daemons and clients take no messages over 4 MiB. */
const largestPieceBytes = 2 ** 20;

/** Sends bytes as messages. */
export async function sendBytes(call: Pick<Call, 'send'>, content: ByteStream): Promise<void> {
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; at += largestPieceBytes) {
      const data = chunk.subarray(at, at + largestPieceBytes);
      await call.send([bytesMessage.encode({ data })]);
    }
  }
}

/**
 * Joins a call and a connection until both have said all they have to say, one after the other if
 * need be, or the connection is closed. Then closes the connection; the call is its owner's to end.
 */
export async function joinConnection(
  call: Pick<Call, 'messages' | 'send'>,
  connection: Duplex,
  endCall: () => void = () => {},
): Promise<void> {
  const outward = async () => {
    // Left to itself, the iterator would close the connection for writing as well.
    await sendBytes(call, connection.iterator({ destroyOnReturn: false }) as ByteStream);
    endCall();
  };
  const inward = async () => {
    for await (const bytes of bytesOf(call.messages)) {
      if (connection.destroyed) return;
      if (!connection.write(bytes)) await until(connection, 'drain');
    }
    if (connection.destroyed) return;
    connection.end();
    await until(connection, 'finish');
  };
  const closed = new Promise<void>((resolve) => connection.once('close', resolve));
  try {
    await Promise.all([Promise.race([inward(), closed]), outward()]);
  } finally {
    connection.destroy();
  }
}

/** Waits for what the connection does next, or for its end. */
function until(connection: Duplex, event: 'drain' | 'finish'): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      connection.off(event, settle);
      connection.off('close', settle);
      resolve();
    };
    connection.on(event, settle);
    connection.on('close', settle);
  });
}
