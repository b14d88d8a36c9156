import { invalid } from '../../../core/index.ts';
import type { Submission } from '../../../jobs/index.ts';

const fields: Record<string, 'string' | 'number' | 'object'> = {
  image: 'string',
  argument: 'string',
  name: 'string',
  env: 'object',
  cpus: 'number',
  memoryBytes: 'number',
  timeLimitS: 'number',
};

/** Checks the shape of `POST /v1/jobs`; what the values may be is decided by admission. */
export function parseSubmission(body: unknown): Submission {
  const refuse = (why: string) => invalid(`submit job: ${why}`);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw refuse('the body is not a JSON object');
  }
  for (const [key, value] of Object.entries(body)) {
    const type = fields[key];
    if (type === undefined) {
      throw refuse(
        `unknown field "${key.slice(0, 60)}"; known are ${Object.keys(fields).join(', ')}`,
      );
    }
    if (value === null || typeof value !== type)
      throw refuse(`field "${key}" must be of type ${type}`);
  }
  const { image, timeLimitS, env, ...rest } = body as Submission & { timeLimitS?: number };
  if (image === undefined || image === '') throw refuse('field "image" is missing');
  for (const [key, value] of Object.entries(env ?? {})) {
    if (typeof value !== 'string') throw refuse(`environment variable "${key}" must be a string`);
  }
  return {
    image,
    ...rest,
    ...(env !== undefined && { env }),
    ...(timeLimitS !== undefined && { timeLimitMs: Math.round(timeLimitS * 1000) }),
  };
}
