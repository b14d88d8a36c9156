import { BerthError, errnoCode, errorMessage, internal, unavailable } from '../core/index.ts';

const words: Record<string, string> = {
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  EROFS: 'read-only file system',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in system',
};

/**
 * What a failed file operation means to a user: a full or read-only disk is `unavailable` in the
 * kernel's words, the rest `internal`. A BerthError passes through. `doing` is "verb noun".
 */
export function diskError(doing: string, cause: unknown): BerthError {
  if (cause instanceof BerthError) return cause;
  const code = errnoCode(cause) ?? '';
  const reason = words[code];
  if (reason === undefined) return internal(`${doing}: ${errorMessage(cause)}`, { cause });
  return unavailable(`${doing}: ${reason}`, { code, cause });
}
