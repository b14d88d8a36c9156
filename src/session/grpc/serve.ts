import { performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { invalid, type Message, unsupported } from '../../core/index.ts';
import { type Call, incomingMessages, lostCall, sendMessages } from './byte-call.ts';
import { connectionOptions, widenWindow } from './connection-options.ts';
import { metadataOf } from './metadata.ts';
import { encodeGrpcText, type GrpcStatus, grpcCode, grpcStatusOf } from './status.ts';

/** Handlers by `/package.Service/Method`; the call ends well when its handler returns. */
export type Methods = Readonly<Record<string, (call: Call) => Promise<void>>>;

/** The serving end of a gRPC connection; dispose ends it and the calls under way. */
export interface GrpcServer extends AsyncDisposable {
  /** Aborted when the connection is gone. */
  readonly closed: AbortSignal;
}

/** Serves gRPC over a connection that stands already. */
export function serveGrpc(connection: Socket, methods: Methods): GrpcServer {
  const session = performServerHandshake(connection, connectionOptions);
  const controller = new AbortController();
  widenWindow(session);
  session.on('error', () => {});
  session.once('close', () => {
    controller.abort(lostCall('serve session', new Error('closed')));
    connection.destroy();
  });
  session.on('stream', (stream, headers, _flags, rawHeaders) => {
    stream.on('error', () => {});
    const path = String(headers[':path']);
    const raw = rawHeaders as unknown as string[];
    void answer(stream, Object.hasOwn(methods, path) ? methods[path] : undefined, { path, raw });
  });
  return {
    closed: controller.signal,
    async [Symbol.asyncDispose]() {
      session.destroy();
      connection.destroy();
    },
  };
}

async function answer(
  stream: ServerHttp2Stream,
  handler: Methods[string] | undefined,
  { path, raw }: { path: string; raw: readonly string[] },
): Promise<void> {
  const controller = new AbortController();
  stream.once('close', () => controller.abort());
  let status: GrpcStatus = { code: grpcCode.ok, message: '' };
  stream.once('wantTrailers', () => {
    const { code, message, details } = status;
    stream.sendTrailers({
      'grpc-status': String(code),
      ...(message !== '' && { 'grpc-message': encodeGrpcText(message) }),
      ...(details && { 'grpc-status-details-bin': Buffer.from(details).toString('base64') }),
    });
  });
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  try {
    if (!handler) throw unsupported(`unknown method ${path}`);
    await handler({
      metadata: metadataOf(raw),
      messages: incomingMessages(stream, (cause) => lostCall(`serve ${path}`, cause)),
      send: (messages) => sendMessages(stream, messages),
      signal: controller.signal,
    });
  } catch (error) {
    status = grpcStatusOf(error);
  }
  if (stream.destroyed) return;
  // What was not read would hold the connection's window.
  stream.resume();
  stream.end();
}

/** A handler for a method with one message each way. */
export function unary<Request extends object, Response extends object>(
  request: Message<Request>,
  response: Message<Response>,
  handle: (request: Request, call: Call) => Promise<Partial<Response>> | Partial<Response>,
): Methods[string] {
  return async (call) => {
    const asked = await firstMessage(call);
    const answered = await handle(request.decode(asked), call);
    await call.send([response.encode(answered)]);
  };
}

/** A handler for a method that answers one message with several. */
export function serverStream<Request extends object, Response extends object>(
  request: Message<Request>,
  response: Message<Response>,
  handle: (request: Request, call: Call) => AsyncIterable<Partial<Response>>,
): Methods[string] {
  return async (call) => {
    const asked = await firstMessage(call);
    for await (const one of handle(request.decode(asked), call)) {
      await call.send([response.encode(one)]);
    }
  };
}

async function firstMessage({ messages }: Call): Promise<Buffer> {
  for await (const [first] of messages) if (first) return first;
  throw invalid('read call: it holds no message');
}
