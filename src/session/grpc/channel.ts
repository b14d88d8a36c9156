import { type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { canceled, type Message, unavailable } from '../../core/index.ts';
import { type Call, incomingMessages, lostCall, sendMessages } from './byte-call.ts';
import { connectionOptions, widenWindow } from './connection-options.ts';
import { type Metadata, metadataOf } from './metadata.ts';
import { decodeGrpcText, grpcCode, grpcError } from './status.ts';

/** The calling end of a gRPC connection; dispose ends it and the calls under way. */
export interface Channel extends AsyncDisposable {
  /** Begins a call of streams. Abort cancels it at the other end too. */
  open(method: string, options?: CallOptions): OpenCall;
  /** Asks one question. Throws what the other end failed with, as a BerthError. */
  ask<Request extends object, Response extends object>(
    method: UnaryMethod<Request, Response>,
    request: Partial<Request>,
    options?: CallOptions,
  ): Promise<Response>;
  /** Aborted, with the reason, when the connection is gone. */
  readonly closed: AbortSignal;
}

export interface CallOptions {
  readonly metadata?: Metadata;
  readonly signal?: AbortSignal;
}

export interface OpenCall extends Omit<Call, 'metadata'> {
  /** Says that no more messages follow. */
  end(): void;
  /** Ends the call at once, at both ends. */
  cancel(): void;
}

/** A method with one message each way; the path is `/package.Service/Method`. */
export interface UnaryMethod<Request extends object, Response extends object> {
  readonly path: string;
  readonly request: Message<Request>;
  readonly response: Message<Response>;
}

/** Speaks gRPC, as the calling end, over a connection that stands already. */
export function openChannel(connection: Socket): Channel {
  const session = connect('http://localhost', {
    ...connectionOptions,
    createConnection: () => connection,
  });
  const controller = new AbortController();
  let lost: unknown = new Error('closed');
  session.on('error', (error) => {
    lost = error;
  });
  session.on('connect', () => widenWindow(session));
  session.once('close', () => controller.abort(lostCall('session', lost)));

  function open(method: string, { metadata = {}, signal }: CallOptions = {}): OpenCall {
    signal?.throwIfAborted();
    if (session.destroyed || session.closed) throw lostCall(`call ${method}`, lost);
    const stream = session.request(
      {
        ':method': 'POST',
        ':path': method,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...(metadata as Record<string, string[]>),
      },
      { endStream: false },
    );
    return openCall(stream, method, signal);
  }

  return {
    open,
    closed: controller.signal,
    async ask(method, request, options) {
      const call = open(method.path, options);
      // What breaks the sending ends the messages too, and is thrown there.
      call.send([method.request.encode(request)])?.catch(() => {});
      call.end();
      let answer: Buffer | undefined;
      for await (const batch of call.messages) answer ??= batch[0];
      if (answer === undefined) throw unavailable(`call ${method.path}: no answer came`);
      return method.response.decode(answer);
    },
    async [Symbol.asyncDispose]() {
      session.destroy();
      connection.destroy();
      controller.abort(lostCall('session', lost));
    },
  };
}

function openCall(stream: ClientHttp2Stream, method: string, signal?: AbortSignal): OpenCall {
  const name = `call ${method}`;
  const controller = new AbortController();
  let trailers: Metadata | undefined;
  const keep = (_headers: unknown, _flags: number, raw?: string[]) => {
    const found = metadataOf(raw ?? []);
    if (found['grpc-status']) trailers = found;
  };
  stream.on('response', (headers, flags, raw) => {
    keep(headers, flags, raw as unknown as string[]);
    const status = headers[':status'];
    if (status !== 200) trailers ??= refusal(status);
  });
  stream.on('trailers', (headers, flags, raw) =>
    keep(headers, flags, raw as unknown as string[] | undefined),
  );
  // Who reads the messages sees the error; a call whose messages nobody reads has nobody to tell.
  stream.on('error', () => {});
  const cancel = () => stream.close(constants.NGHTTP2_CANCEL);
  signal?.addEventListener('abort', cancel, { once: true });
  stream.once('close', () => {
    signal?.removeEventListener('abort', cancel);
    controller.abort();
  });

  const incoming = incomingMessages(stream, (cause) => lostCall(name, cause));
  async function* messages(): AsyncGenerator<readonly Buffer[]> {
    try {
      yield* incoming;
    } catch (error) {
      signal?.throwIfAborted();
      throw failureOf(name, trailers) ?? error;
    }
    signal?.throwIfAborted();
    const failure = failureOf(name, trailers);
    if (failure) throw failure;
    if (!trailers) throw lostCall(name, new Error('it ended without a status'));
  }

  return {
    messages: messages(),
    send: (batch) => sendMessages(stream, batch),
    end: () => void stream.end(),
    cancel,
    signal: controller.signal,
  };
}

function refusal(status: unknown): Metadata {
  return {
    'grpc-status': [String(grpcCode.unavailable)],
    'grpc-message': [`answered with HTTP status ${status}`],
  };
}

function failureOf(name: string, trailers: Metadata | undefined): Error | undefined {
  const code = Number(trailers?.['grpc-status']?.[0] ?? 0);
  if (code === grpcCode.ok) return undefined;
  const message = decodeGrpcText(trailers?.['grpc-message']?.[0] ?? '');
  if (code === grpcCode.canceled) return canceled(`${name}: ${message || 'canceled'}`);
  return grpcError(name, { code, message });
}
