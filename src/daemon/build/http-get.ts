import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';

const mostRedirects = 10;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Asks a server for a resource, on any port, and follows where it sends us; another server gets no
 * login. `signal` ends the answer's body as well.
 */
export async function httpGet(
  url: string,
  options: { headers: Record<string, string>; signal: AbortSignal },
): Promise<IncomingMessage> {
  let at = new URL(url);
  const { origin } = at;
  const { authorization: _login, ...withoutLogin } = options.headers;
  for (let count = 0; count <= mostRedirects; count++) {
    const answer = await ask(
      at,
      at.origin === origin ? options : { ...options, headers: withoutLogin },
    );
    const { location } = answer.headers;
    if (!redirects.has(answer.statusCode!) || location === undefined) return answer;
    answer.destroy();
    at = new URL(location, at);
  }
  throw new Error(`more than ${mostRedirects} redirects`);
}

function ask(url: URL, options: Parameters<typeof httpGet>[1]): Promise<IncomingMessage> {
  const request = { 'http:': requestPlain, 'https:': requestSecure }[url.protocol];
  if (!request) throw new Error(`redirected to ${url.protocol}`);
  return new Promise((resolve, reject) => {
    request(url, options)
      .once('response', resolve)
      .on('error', (error) => reject(error instanceof AggregateError ? error.errors[0] : error))
      .end();
  });
}
