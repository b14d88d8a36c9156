import type { IncomingMessage } from 'node:http';
import type { ByteStream } from '../../core/index.ts';
import { Query } from './query.ts';
import { readJson } from './request-body.ts';
import type { ApiRequest } from './route.ts';

/** `/v1.43/info?a=b` taken apart: version `1.43`, path `/info`, search `?a=b`. */
export function splitUrl(url: string): { version?: string; path: string; search: string } {
  const mark = url.indexOf('?');
  const whole = mark < 0 ? url : url.slice(0, mark);
  const search = mark < 0 ? '' : url.slice(mark);
  const prefix = /^\/v(\d+\.\d+)(?=\/)/.exec(whole);
  if (!prefix) return { path: whole, search };
  return { version: prefix[1]!, path: whole.slice(prefix[0].length), search };
}

/**
 * The request as handlers see it. `aborts` calls its argument when the client leaves early; the
 * signal is only made when a handler asks for it.
 */
export function apiRequest(
  raw: IncomingMessage,
  options: {
    url: string;
    params: Readonly<Record<string, string>>;
    body: ByteStream;
    aborts: (leave: () => void) => void;
  },
): ApiRequest {
  const { version, search } = splitUrl(options.url);
  let query: Query | undefined;
  let signal: AbortSignal | undefined;
  return {
    method: raw.method ?? '',
    params: options.params,
    headers: raw.headers,
    version,
    body: options.body,
    get query() {
      query ??= new Query(search);
      return query;
    },
    get signal() {
      if (!signal) {
        const controller = new AbortController();
        signal = controller.signal;
        options.aborts(() => controller.abort());
      }
      return signal;
    },
    json: ({ optional = false } = {}) => readJson(options.body, raw.headers, optional),
  };
}
