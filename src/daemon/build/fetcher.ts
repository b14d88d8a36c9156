import type { IncomingMessage } from 'node:http';
import { type Fetcher, type HttpContent, withoutLogins } from '../../build/index.ts';
import { errorMessage, notFound, unavailable } from '../../core/index.ts';
import { createGitFetcher } from './fetch-git.ts';
import { httpGet } from './http-get.ts';

const headersLimitMs = 60_000;

/**
 * Fetches over http with the platform's client, and from git with the git program. `knownHostsPath`
 * is the file of the keys of ssh servers that were met.
 */
export function createFetcher(options: { knownHostsPath: string }): Fetcher {
  return { http: fetchHttp, ...createGitFetcher(options.knownHostsPath) };
}

/** Throws `not-found` for a 404, `unavailable` for other failures of the server or the network. */
async function fetchHttp(
  url: string,
  { etag, access, signal }: Parameters<Fetcher['http']>[1],
): Promise<{ kind: 'unchanged' } | HttpContent> {
  const shown = withoutLogins(url);
  const authorization = await access.authorization('http', new URL(url).host, signal);
  const timeout = AbortSignal.timeout(headersLimitMs);
  const controller = new AbortController();
  const abort = () => controller.abort(signal.aborted ? signal.reason : timeout.reason);
  timeout.addEventListener('abort', abort);
  signal.addEventListener('abort', abort);
  let response: IncomingMessage;
  try {
    response = await httpGet(url, {
      signal: controller.signal,
      headers: {
        'accept-encoding': 'identity',
        ...(etag && { 'if-none-match': etag }),
        ...(authorization && { authorization }),
      },
    });
  } catch (cause) {
    throw unavailable(`failed to load ${shown}: ${errorMessage(cause)}`, { cause });
  } finally {
    timeout.removeEventListener('abort', abort); // the body may take its time
  }
  const { statusCode = 0, headers } = response;
  if (statusCode < 200 || statusCode > 299) {
    response.destroy();
    if (statusCode === 304 && etag !== undefined) return { kind: 'unchanged' };
    const raise = statusCode === 404 ? notFound : unavailable;
    throw raise(`failed to load ${shown}: invalid response status ${statusCode}`);
  }
  const modified = Date.parse(headers['last-modified'] ?? '');
  return {
    kind: 'content',
    content: response,
    fileName: dispositionName(headers['content-disposition']) ?? '',
    modifiedAtMs: Number.isNaN(modified) ? undefined : modified,
    etag: headers.etag,
    contentType: headers['content-type'],
  };
}

/** The file name a server suggests (RFC 6266), its last component only. */
function dispositionName(header: string | undefined): string | undefined {
  const name = /filename\*?=(?:UTF-8'')?"?([^";]+)"?/i.exec(header ?? '')?.[1];
  return name?.split(/[/\\]/).at(-1) || undefined;
}
