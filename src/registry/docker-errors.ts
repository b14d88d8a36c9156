import {
  BerthError,
  type ErrorKind,
  familiarName,
  familiarReference,
  notFound,
  type Reference,
} from '../core/index.ts';

/** One error of a registry, with a code of distribution-spec. */
export interface OciError {
  readonly code: string;
  readonly message: string;
}

/** Messages of codes that registries send without one. */
export const usualMessages: Record<string, string> = {
  BLOB_UNKNOWN: 'blob unknown to registry',
  DENIED: 'requested access to the resource is denied',
  MANIFEST_UNKNOWN: 'manifest unknown',
  NAME_UNKNOWN: 'repository name not known to registry',
  TOOMANYREQUESTS: 'too many requests',
  UNAUTHORIZED: 'authentication required',
  UNKNOWN: 'unknown error',
};

/** What Docker says of errors a registry answered with; the first code is the error's. */
export function registryError(errors: readonly OciError[], kind: ErrorKind): BerthError {
  const code = errors[0]?.code;
  const lines = [...new Set(errors.map(wordsOf))];
  const message = lines.length === 1 ? lines[0]! : `errors:\n${lines.join('\n')}\n`;
  return new BerthError(code === 'DENIED' ? 'forbidden' : kind, message, {
    code,
    details: { errors },
  });
}

/** An error of a pull, which Docker takes for a missing image in three cases. */
export function pullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof BerthError)) return error;
  const { errors: [first] = [] } = (error.details ?? {}) as { errors?: OciError[] };
  const words = first ? wordsOf(first) : error.message;
  const missing = (message: string) => notFound(message, { code: error.code, cause: error });
  switch (error.code) {
    case 'DENIED':
      return missing(
        `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${words}`,
      );
    case 'MANIFEST_UNKNOWN':
      return missing(`manifest for ${familiarReference(reference)} not found: ${words}`);
    case 'NAME_UNKNOWN':
      return missing(`repository ${familiarName(reference)} not found: ${words}`);
    default:
      return error;
  }
}

/** An error of a push, of which Docker tells the first part. */
export function pushError(error: unknown): unknown {
  if (!(error instanceof BerthError)) return error;
  const { errors: [first, second] = [] } = (error.details ?? {}) as { errors?: OciError[] };
  if (!first || !second) return error;
  return new BerthError(error.kind, wordsOf(first), { code: first.code, cause: error });
}

function wordsOf({ code, message }: OciError): string {
  return `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`;
}
