import type { RegistryAuth, RegistryLogin } from '../../build/index.ts';

/** What to log in to a registry with, if the build's client gave or has anything. */
export async function loginFor(
  auth: RegistryAuth | undefined,
  host: string,
  signal?: AbortSignal,
): Promise<RegistryLogin | undefined> {
  if (typeof auth === 'function') return auth(host, signal);
  return auth && Object.hasOwn(auth, host) ? auth[host] : undefined;
}
