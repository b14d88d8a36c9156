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

/** Joins a call and a connection until either side has ended both ways, or the call is over. */
export async function joinConnection(
  call: Pick<Call, 'messages' | 'send'>,
  connection: Duplex,
  endCall: () => void = () => {},
): Promise<void> {
  const outward = async () => {
    await sendBytes(call, connection as AsyncIterable<Uint8Array>);
    endCall();
  };
  const inward = async () => {
    for await (const bytes of bytesOf(call.messages)) {
      if (connection.destroyed) return;
      if (!connection.write(bytes)) await drained(connection);
    }
    connection.end();
  };
  try {
    await Promise.race([inward(), outward().then(() => new Promise<never>(() => {}))]);
  } finally {
    connection.destroy();
  }
}

function drained(connection: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      connection.off('drain', settle);
      connection.off('close', settle);
      resolve();
    };
    connection.on('drain', settle);
    connection.on('close', settle);
  });
}
