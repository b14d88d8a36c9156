import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { BerthError, type ErrorKind, errnoCode, invalid, unavailable } from '../core/index.ts';

/** One address of the daemon; requests are independent of each other. */
export interface Connection {
  readonly host: string;
  /** Sends a request and gives the answer's stream once its status is a good one, else throws. */
  send(request: ClientRequest): Promise<IncomingMessage>;
  /** Sends a request that makes the connection a bare stream both ways. */
  upgrade(request: ClientRequest): Promise<Socket>;
  /** As `send`, for JSON both ways; undefined for an empty answer. */
  json<T>(request: ClientRequest): Promise<T>;
}

export interface ClientRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  /** Sent as the body; destroyed when it cannot be. */
  stream?: Readable;
  headers?: Record<string, string | string[]>;
  signal?: AbortSignal;
}

const kinds: Record<number, ErrorKind> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  501: 'unsupported',
  503: 'unavailable',
};

/** `host` is `unix:///path` or `tcp://address:port`. Throws `invalid` on another form. */
export function connect(host: string): Connection {
  const target = parseHost(host);

  function send(request: ClientRequest): Promise<IncomingMessage> {
    const headers: Record<string, string | string[]> = { ...request.headers };
    const payload =
      request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    if (payload !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = String(payload.length);
    }
    return new Promise((resolve, reject) => {
      let isAnswered = false;
      // An answer says more than the end of the connection it came on.
      const fail = (error: unknown) => void (isAnswered || reject(connectionError(host, error)));
      const outgoing = httpRequest(
        {
          ...target,
          method: request.method,
          path: pathOf(request),
          headers,
          signal: request.signal,
        },
        (answer) => {
          isAnswered = true;
          if ((answer.statusCode ?? 500) < 400) resolve(answer);
          else answerError(answer).then(reject, (error) => reject(connectionError(host, error)));
        },
      );
      outgoing.on('error', fail);
      if (request.stream === undefined) outgoing.end(payload);
      else pipeline(request.stream, outgoing, (error) => void (error && fail(error)));
    });
  }

  async function json<T>(request: ClientRequest): Promise<T> {
    const text = await readText(await send(request));
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  function upgrade(request: ClientRequest): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        ...target,
        method: request.method,
        path: pathOf(request),
        headers: { upgrade: 'tcp', ...request.headers, connection: 'Upgrade' },
        signal: request.signal,
      });
      outgoing.on('error', (error) => reject(connectionError(host, error)));
      outgoing.on('response', (answer) => answerError(answer).then(reject, reject));
      outgoing.on('upgrade', (_answer, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket as Socket);
      });
      outgoing.end();
    });
  }

  return { host, send, upgrade, json };
}

function parseHost(host: string): { socketPath: string } | { host: string; port: number } {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const match = /^(?:tcp|http):\/\/(\[[^\]]+\]|[^:/]+):(\d+)\/?$/.exec(host);
  if (!match) throw invalid(`connect to ${host}: expected unix:///path or tcp://address:port`);
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port: Number(match[2]) };
}

function pathOf({ path, query = {} }: ClientRequest): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) search.set(key, String(value));
  }
  return search.size > 0 ? `${path}?${search}` : path;
}

async function readText(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return text;
}

async function answerError(answer: IncomingMessage): Promise<BerthError> {
  const text = await readText(answer);
  let message = text;
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    message = text || `status ${answer.statusCode}`;
  }
  return new BerthError(kinds[answer.statusCode ?? 500] ?? 'internal', message);
}

/** An error of a connection to the daemon, or of what comes on it, in words; others as they are. */
export function connectionError(host: string, error: unknown): unknown {
  switch (errnoCode(error)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return unavailable(
        `cannot connect to the Berth daemon at ${host}. Is it running? (berth up)`,
        { cause: error },
      );
    case 'EACCES':
      return unavailable(`permission denied while connecting to the Berth daemon at ${host}`, {
        cause: error,
      });
    case 'ECONNRESET':
    case 'EPIPE':
      return unavailable(`the Berth daemon at ${host} closed the connection`, { cause: error });
    default:
      return error;
  }
}
