import { duplexPair } from 'node:stream';
import type { AgentSource, BuildRequest, RegistryLogin } from '../../../build/index.ts';
import type { Session } from '../../../session/index.ts';

/** What a build asks of its client while it runs. */
export function sessionSources(session: Session): Pick<BuildRequest, 'secrets' | 'ssh' | 'auth'> {
  return {
    secrets: (id, signal) => session.secret(id, signal),
    ssh: agentsOf(session),
    auth: (host, signal) => loginOf(session, host, signal),
  };
}

function agentsOf(session: Session): AgentSource {
  return async (id, signal) => {
    if (!(await session.hasAgent(id, signal))) return undefined;
    return {
      connect() {
        const [near, far] = duplexPair();
        session.forwardAgent(id, far).catch((error: Error) => near.destroy(error));
        return near;
      },
    };
  };
}

/** Clients know the Hub by the name of its registry. */
const hubRegistry = 'registry-1.docker.io';

async function loginOf(
  session: Session,
  host: string,
  signal?: AbortSignal,
): Promise<RegistryLogin | undefined> {
  const login = await session.login(host === 'docker.io' ? hubRegistry : host, signal);
  if (!login) return undefined;
  const { username, secret } = login;
  // As docker's own credential helpers have it: a token's owner has this name, or none.
  return username === '' || username === '<token>'
    ? { username: '', password: '', identityToken: secret }
    : { username, password: secret };
}
