import type { ByteStream } from '../../core/index.ts';

/** What a handler answers. Built by the functions below; written by `write-reply.ts`. */
export type Reply =
  | { readonly kind: 'whole'; readonly status: number; readonly headers: Headers; body: string }
  | {
      readonly kind: 'stream';
      readonly status: number;
      readonly headers: Headers;
      readonly body: AsyncIterable<Uint8Array | string>;
      /**
       * `at-once` sends the status before the first byte exists (`docker run` waits for that of
       * wait); `first-chunk` holds it back, so that an early failure still gets a status of its own.
       */
      readonly head: 'at-once' | 'first-chunk';
    };

export type Headers = Readonly<Record<string, string>>;

export function json(value: unknown, status = 200, headers: Headers = {}): Reply {
  return {
    kind: 'whole',
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: `${JSON.stringify(value)}\n`,
  };
}

export function text(body: string, headers: Headers = {}): Reply {
  const type = { 'content-type': 'text/plain; charset=utf-8' };
  return { kind: 'whole', status: 200, headers: { ...type, ...headers }, body };
}

/** A reply without body: 200, 201, 204 or 304. */
export function empty(status: number, headers: Headers = {}): Reply {
  return { kind: 'whole', status, headers, body: '' };
}

export function bytes(
  body: ByteStream,
  contentType: string,
  { headers = {}, head = 'first-chunk' }: StreamOptions = {},
): Reply {
  return {
    kind: 'stream',
    status: 200,
    headers: { 'content-type': contentType, ...headers },
    body,
    head,
  };
}

interface StreamOptions {
  headers?: Headers;
  head?: 'at-once' | 'first-chunk';
}

/** A stream of JSON values, one a line, each sent as soon as it is given. */
export function jsonLines(values: AsyncIterable<unknown>, options: StreamOptions = {}): Reply {
  return {
    kind: 'stream',
    status: 200,
    headers: { 'content-type': 'application/json', ...options.headers },
    body: encodeLines(values),
    head: options.head ?? 'at-once',
  };
}

async function* encodeLines(values: AsyncIterable<unknown>): AsyncIterable<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\r\n`;
}

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** A value that `json` and `jsonLines` write with all its digits, as Go's int64. */
export function wholeNumber(value: bigint): unknown {
  return rawJson(value.toString());
}
