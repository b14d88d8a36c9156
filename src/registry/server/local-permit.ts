import { basicHeader, type Credentials } from '../credentials.ts';
import { type OciError, registryError, usualMessages } from '../docker-errors.ts';
import type { Access, AccessControl } from './access-control.ts';

const caller = { clientAddress: 'local', origin: 'https://local' };

/**
 * Asks access control for a caller of this process, as a client would over HTTP. Gives the user's
 * name, if any. Throws `unauthorized`, `forbidden` or `unavailable`, in the words a client would use.
 */
export async function permit(
  access: AccessControl,
  needs: readonly Access[],
  credentials?: Credentials,
): Promise<string | undefined> {
  const authorization = credentials && (await headerOf(access, needs, credentials));
  const decision = await access.authorize({ ...caller, authorization, needs });
  switch (decision.kind) {
    case 'granted':
      return decision.user;
    case 'throttled':
      throw registryError([usual('TOOMANYREQUESTS')], 'unavailable');
    case 'denied':
      throw registryError([usual('DENIED')], 'forbidden');
    case 'challenged': {
      // A token that was given, or that anybody gets, does not allow it; a password is just wrong.
      const isPassword = credentials && credentials.identityToken === undefined;
      if (!isPassword) throw registryError([usual('DENIED'), usual('UNAUTHORIZED')], 'forbidden');
      const { message } = decision;
      throw registryError([{ code: 'UNAUTHORIZED', message }], 'unauthorized');
    }
  }
}

async function headerOf(
  access: AccessControl,
  needs: readonly Access[],
  credentials: Credentials,
): Promise<string> {
  const { identityToken, registryToken } = credentials;
  if (registryToken !== undefined) return `Bearer ${registryToken}`;
  if (identityToken === undefined) return basicHeader(credentials);
  const scopes = needs.map(({ type, name, action }) => `${type}:${name}:${action}`);
  const { status, body } = await access.token({
    ...caller,
    authorization: undefined,
    method: 'POST',
    parameters: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: identityToken,
      scope: scopes.join(' '),
    }),
  });
  const { token, errors } = body as { token?: string; errors?: readonly OciError[] };
  if (status === 200 && token !== undefined) return `Bearer ${token}`;
  throw registryError(errors ?? [usual('UNAUTHORIZED')], 'unauthorized');
}

function usual(code: string): OciError {
  return { code, message: usualMessages[code] ?? code };
}
