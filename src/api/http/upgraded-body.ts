import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { invalid } from '../../core/index.ts';

const limitBytes = 1 << 20;

/**
 * The body that precedes a raw stream: Node leaves it unread, in `head` and on the socket, once a
 * connection is upgraded. Reads exactly the body (Content-Length or chunked) and puts what follows
 * back on the socket. Throws `invalid` when it is cut, malformed or over 1 MiB.
 */
export async function readUpgradedBody(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<Buffer> {
  const reader = new SocketReader(socket, head);
  try {
    if (/\bchunked\b/i.test(request.headers['transfer-encoding'] ?? ''))
      return await chunked(reader);
    const length = Number(request.headers['content-length'] ?? 0);
    if (!Number.isSafeInteger(length) || length < 0 || length > limitBytes) {
      throw invalid(`read request body: ${length} bytes is not between 0 and ${limitBytes}`);
    }
    return await reader.take(length);
  } finally {
    reader.release();
  }
}

async function chunked(reader: SocketReader): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const line = await reader.line();
    const size = /^([0-9a-fA-F]{1,8})\s*(;|$)/.exec(line);
    if (!size) throw invalid(`read request body: bad chunk size "${line.slice(0, 40)}"`);
    const length = Number.parseInt(size[1]!, 16);
    total += length;
    if (total > limitBytes) throw invalid(`read request body: more than ${limitBytes} bytes`);
    if (length === 0) break;
    chunks.push(await reader.take(length));
    await reader.line();
  }
  while ((await reader.line()) !== '');
  return Buffer.concat(chunks);
}

/** Reads a paused socket piecewise; `release` hands the unread rest back to it. */
class SocketReader {
  readonly #socket: Socket;
  #buffered: Buffer;

  constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    this.#buffered = head;
  }

  async take(length: number): Promise<Buffer> {
    while (this.#buffered.length < length) await this.#more();
    const taken = this.#buffered.subarray(0, length);
    this.#buffered = this.#buffered.subarray(length);
    return taken;
  }

  async line(): Promise<string> {
    let end = this.#buffered.indexOf('\n');
    while (end < 0) {
      if (this.#buffered.length > 4096) throw invalid('read request body: chunk header too long');
      await this.#more();
      end = this.#buffered.indexOf('\n');
    }
    return (await this.take(end + 1)).toString('latin1').trimEnd();
  }

  release(): void {
    if (this.#buffered.length > 0) this.#socket.unshift(this.#buffered);
    this.#buffered = Buffer.alloc(0);
  }

  #more(): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
        if (error) reject(error);
        else resolve();
      };
      const cut = () => settle(invalid('read request body: unexpected EOF'));
      const readable = () => {
        const chunk = socket.read() as Buffer | null;
        if (chunk === null) return;
        this.#buffered = Buffer.concat([this.#buffered, chunk]);
        settle();
      };
      const listeners = { readable, end: cut, close: cut, error: settle };
      for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
      readable();
    });
  }
}
