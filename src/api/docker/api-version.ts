import { invalid } from '../../core/index.ts';

export const newestApiVersion = '1.50';
export const oldestApiVersion = '1.24';

/** Throws `invalid`, in Docker's words, for an API version Berth does not speak. */
export function admitApiVersion(version: string | undefined): void {
  if (version === undefined) return;
  if (olderThan(version, oldestApiVersion)) {
    throw invalid(
      `client version ${version} is too old. Minimum supported API version is ${oldestApiVersion}, please upgrade your client to a newer version`,
    );
  }
  if (olderThan(newestApiVersion, version)) {
    throw invalid(
      `client version ${version} is too new. Maximum supported API version is ${newestApiVersion}`,
    );
  }
}

/** Whether a request's API version (none means the newest) comes before another. */
export function olderThan(version: string | undefined, other: string): boolean {
  const [major = 0, minor = 0] = (version ?? newestApiVersion).split('.').map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split('.').map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}
