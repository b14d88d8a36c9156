import { type Digest, digestOf } from '../../../../core/index.ts';
import type { BuildFailure } from './build-record.ts';

/** The status an error came with, as a blob that clients may ask for. */
export function statusContent(
  failure: BuildFailure | undefined,
): { digest: Digest; bytes: Uint8Array } | undefined {
  if (!failure?.status) return undefined;
  const bytes = Buffer.from(failure.status, 'base64');
  return { digest: digestOf(bytes), bytes };
}
