import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalid } from '../../core/index.ts';
import type { RepositoryName } from '../repository-name.ts';
import type { Access } from './access-control.ts';

/** One request and its reply, read as far as all handlers need it. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly repository: RepositoryName;
  /** Digest, tag or upload id from the path, as it was sent. */
  readonly reference: string;
  readonly query: URLSearchParams;
  readonly user?: string;
  may(access: Access): boolean | Promise<boolean>;
}

/** A count from the query; `fallback` when it is absent. Throws `invalid`. */
export function countOf(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  if (!/^\d{1,9}$/.test(text)) {
    throw invalid(`invalid number of results: ${name}="${text.slice(0, 40)}"`);
  }
  return Math.min(Number(text), fallback);
}
