import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorKind } from '../../core/index.ts';
import type { AccessDecision } from './access-control.ts';
import { type OciErrorReply, ociErrorReply, oneError } from './oci-errors.ts';

/** Answers a request that access control did not grant. */
export function refuse(
  reply: FastifyReply,
  decision: Exclude<AccessDecision, { kind: 'granted' }>,
): void {
  switch (decision.kind) {
    case 'challenged':
      reply.header('www-authenticate', decision.wwwAuthenticate);
      replyWith(reply, oneError(401, 'UNAUTHORIZED', decision.message));
      break;
    case 'denied':
      replyWith(reply, oneError(403, 'DENIED'));
      break;
    case 'throttled':
      reply.header('retry-after', decision.retryAfterS);
      replyWith(reply, oneError(429, 'TOOMANYREQUESTS'));
      break;
  }
}

/** Answers a request whose handling threw; tells `onError` when the fault is on this side. */
export function fail(
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  onError: (error: unknown, request: { method: string; url: string }) => void,
): void {
  const clientFault = clientFaultStatus(error);
  const answer = clientFault
    ? oneError(clientFault, 'UNSUPPORTED', (error as Error).message)
    : ociErrorReply(error);
  if (answer.status === 500 && errorKind(error) === 'internal') {
    onError(error, { method: request.method, url: request.url });
  }
  if (reply.sent || reply.raw.destroyed) {
    reply.raw.destroy();
    return;
  }
  replyWith(reply, answer);
}

/** The status of an error that the HTTP framework itself found in the request. */
function clientFaultStatus(error: unknown): number | undefined {
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  const isFrameworks = typeof code === 'string' && code.startsWith('FST_');
  return isFrameworks && statusCode && statusCode < 500 ? statusCode : undefined;
}

/** How long a client may go on sending a body that nobody wants, so that it can read the answer. */
const unwantedBodyMs = 10_000;

/** Answers with an error; a body still coming is read away for a while, so that the sender sees it. */
export function replyWith(reply: FastifyReply, { status, body }: OciErrorReply): void {
  const { raw } = reply.request;
  reply.code(status).send(body);
  if (raw.complete) return;
  raw.resume();
  const cut = setTimeout(() => raw.destroy(), unwantedBodyMs).unref();
  raw.once('close', () => clearTimeout(cut));
  raw.once('end', () => clearTimeout(cut));
}
