import { connect, type Socket } from 'node:net';
import {
  BerthError,
  canceled,
  conflict,
  type ErrorKind,
  errorMessage,
  unavailable,
} from '../../core/index.ts';
import { request, response } from './task-messages.ts';
import { encodeFrame, type Frame, frameDecoder, frameType } from './ttrpc-frame.ts';

/** google.rpc.Code of a failed call to what it means here; others are `internal`. */
const kindOfCode: Readonly<Record<number, ErrorKind>> = {
  1: 'canceled',
  3: 'invalid',
  4: 'unavailable',
  5: 'not-found',
  6: 'conflict',
  7: 'forbidden',
  9: 'conflict',
  12: 'unsupported',
  14: 'unavailable',
};

interface Pending {
  resolve(payload: Uint8Array): void;
  reject(error: Error): void;
}

/**
 * One connection to a ttrpc server (containerd/ttrpc, PROTOCOL.md), shared by any number of calls
 * at once. Once the connection is lost every call, waiting or new, rejects with `unavailable`.
 */
export class TtrpcClient implements Disposable {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #nextStreamId = 1;
  #lost: Error | undefined;
  /** Settles when the connection has gone, with the reason. */
  readonly closed: Promise<Error>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const decode = frameDecoder();
    this.closed = new Promise((resolve) => {
      const lose = (reason: string, cause?: unknown) => {
        if (this.#lost) return;
        this.#lost = unavailable(`call shim: ${reason}`, { code: 'TTRPC_CLOSED', cause });
        socket.destroy();
        for (const call of this.#pending.values()) call.reject(this.#lost);
        this.#pending.clear();
        resolve(this.#lost);
      };
      socket.on('data', (chunk: Buffer) => {
        try {
          for (const frame of decode(chunk)) this.#receive(frame);
        } catch (error) {
          lose(errorMessage(error), error);
        }
      });
      socket.on('error', (error) => lose(errorMessage(error), error));
      socket.on('close', () => lose('connection closed'));
    });
  }

  /** Connects to a unix socket. Rejects with `unavailable` when nobody listens there. */
  static connect(path: string): Promise<TtrpcClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const fail = (cause: Error) =>
        reject(unavailable(`connect to shim at ${path}: ${cause.message}`, { cause }));
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        resolve(new TtrpcClient(socket));
      });
    });
  }

  /**
   * Calls a method and gives its answer's payload. ttrpc cannot take a request back: an abort
   * rejects with `canceled` here and leaves the server to finish.
   */
  call(
    method: { service: string; method: string },
    payload: Uint8Array,
    options: { signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    const { signal } = options;
    if (this.#lost) return Promise.reject(this.#lost);
    if (signal?.aborted) return Promise.reject(canceled(`call ${method.method}: aborted`));
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    const body = request.encode({ ...method, payload });
    return new Promise((resolve, reject) => {
      const frame = encodeFrame({ streamId, type: frameType.request, flags: 0, body });
      const abort = () => {
        this.#pending.delete(streamId);
        reject(canceled(`call ${method.method}: aborted`));
      };
      const settled = () => signal?.removeEventListener('abort', abort);
      signal?.addEventListener('abort', abort, { once: true });
      this.#pending.set(streamId, {
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.#socket.write(frame);
    });
  }

  /** Lets the process end while calls still wait on this connection. */
  unref(): void {
    this.#socket.unref();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #receive(frame: Frame): void {
    const call = this.#pending.get(frame.streamId);
    // Answers to aborted calls arrive late and are nobody's.
    if (!call || frame.type !== frameType.response) return;
    const { status, payload } = response.decode(frame.body);
    this.#pending.delete(frame.streamId);
    if (status && status.code !== 0) call.reject(statusError(status));
    else call.resolve(payload);
  }
}

function statusError(status: { code: number; message: string }): BerthError {
  if (status.code === 6) return conflict(status.message, { code: 'ALREADY_EXISTS' });
  return new BerthError(kindOfCode[status.code] ?? 'internal', status.message);
}
