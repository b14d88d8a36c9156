import { BerthError, invalid, unavailable } from '../../core/index.ts';
import { type Challenge, parseChallenges } from './challenges.ts';
import type { Endpoint } from './endpoints.ts';
import { discard, type HttpReply } from './http-exchange.ts';
import { suggestsPlainHttp, unreachable } from './transport-error.ts';

/** Where a registry is, and what it wants to be shown. */
export interface Ping {
  readonly origin: string;
  readonly challenges: readonly Challenge[];
  /** False when the registry was too busy, or too broken, to say. */
  readonly isCertain: boolean;
}

/** Asks GET /v2/ of the endpoint's origins in turn; the first that answers counts. */
export async function pingRegistry(
  endpoint: Endpoint,
  get: (url: URL) => Promise<HttpReply>,
): Promise<Ping> {
  for (const [index, origin] of endpoint.origins.entries()) {
    try {
      const reply = await get(new URL('/v2/', origin));
      discard(reply);
      const { status, headers } = reply;
      const challenges = status === 401 ? parseChallenges(headers['www-authenticate']) : [];
      return { origin, challenges, isCertain: status < 500 && status !== 429 };
    } catch (error) {
      if (index < endpoint.origins.length - 1 && suggestsPlainHttp(error)) continue;
      throw neverReached(error);
    }
  }
  throw invalid(`reach registry ${endpoint.host}: it has no address`);
}

/** A registry that was not reached at first will not be a moment later; better say so at once. */
function neverReached(error: unknown): unknown {
  if (!(error instanceof BerthError) || error.kind !== 'unavailable') return error;
  return unavailable(error.message, { code: unreachable, cause: error });
}
