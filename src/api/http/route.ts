import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ByteStream } from '../../core/index.ts';
import type { Query } from './query.ts';
import type { Reply } from './reply.ts';

/** A request as handlers see it. */
export interface ApiRequest {
  readonly method: string;
  /** Path parameters, decoded; `:name+` in a path may hold slashes. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly headers: IncomingHttpHeaders;
  /** `1.43` when the path began with `/v1.43`. */
  readonly version: string | undefined;
  /** The body as it arrives, read once and without a limit. */
  readonly body: ByteStream;
  /**
   * The body as JSON. Throws `invalid` in Docker's words when it is not JSON, or empty unless
   * `optional`, when it is undefined.
   */
  json(options?: { optional?: boolean }): Promise<unknown>;
  /** Aborted when the client leaves before it has its whole answer. */
  readonly signal: AbortSignal;
}

export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly handle: (request: ApiRequest) => Reply | Promise<Reply>;
}

/**
 * A request whose connection becomes a raw byte stream, with or without `Upgrade: tcp`. The handler
 * either answers with an ordinary reply, or accepts the connection and returns undefined when it is
 * done with it; the connection then closes. An error after `accept` cuts it.
 */
export interface HijackRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handle: (request: ApiRequest, connection: Hijack) => Promise<Reply | undefined>;
}

export interface Hijack {
  /** The bare connection; what it reads begins with the first byte after the request. */
  readonly stream: Socket;
  /**
   * Sends the status line, 101 when the client asked to upgrade (to `protocol`, which is `tcp` unless
   * given) and 200 if not; idempotent.
   */
  accept(contentType: string, protocol?: string): void;
  readonly upgrade: boolean;
  /** In place of `accept`: hands request and connection over to a protocol that answers by itself. */
  handOver(): { readonly request: IncomingMessage; readonly socket: Socket };
}

/** The routes of one API and how it words its errors. */
export interface RouteTable {
  readonly routes: readonly Route[];
  readonly hijacks?: readonly HijackRoute[];
  /** Headers of every reply. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Throws to refuse a request before its handler sees it. */
  readonly admit?: (request: ApiRequest) => void | Promise<void>;
  readonly renderError: (error: unknown) => Reply;
}

const route =
  (method: Route['method']) =>
  (path: string, handle: Route['handle']): Route => ({ method, path, handle });

export const get = route('GET');
export const head = route('HEAD');
export const post = route('POST');
export const put = route('PUT');
export const del = route('DELETE');
