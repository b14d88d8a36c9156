import { type ErrorKind, errorKind } from '../../core/index.ts';

const statuses: Record<ErrorKind, number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  canceled: 499,
  internal: 500,
  unsupported: 501,
  unavailable: 503,
};

/** The HTTP status of any thrown value. */
export function statusOf(error: unknown): number {
  return statuses[errorKind(error)];
}
