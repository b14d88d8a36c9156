import { connect } from 'node:net';
import { join } from 'node:path';
import type { BuildRequest, SshAgent } from '../builder.ts';
import type { RemoteAccess } from '../ports.ts';
import { openAgentSocket } from './agent-socket.ts';

type Lender = Pick<BuildRequest, 'secrets' | 'ssh'>;

/** A secret of the build's client; undefined when it has none of that id. */
export async function secretOf(
  { secrets = {} }: Lender,
  id: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (typeof secrets === 'function') return secrets(id, signal);
  return Object.hasOwn(secrets, id) ? secrets[id] : undefined;
}

/** An ssh agent of the build's client; undefined when it has none of that id. */
export async function agentOf(
  { ssh = {} }: Lender,
  id: string,
  signal: AbortSignal,
): Promise<SshAgent | undefined> {
  if (typeof ssh === 'function') return ssh(id, signal);
  if (!Object.hasOwn(ssh, id)) return undefined;
  const { socketPath } = ssh[id]!;
  return { connect: () => connect(socketPath) };
}

/** Secrets by which a client lets the builder itself log in, those of one host before the others. */
const loginSecrets = {
  git: (host: string) => [
    { id: `GIT_AUTH_HEADER.${host}`, headerOf: plain },
    { id: `GIT_AUTH_TOKEN.${host}`, headerOf: gitToken },
    { id: 'GIT_AUTH_HEADER', headerOf: plain },
    { id: 'GIT_AUTH_TOKEN', headerOf: gitToken },
  ],
  http: (host: string) => [
    { id: `HTTP_AUTH_HEADER_${host}`, headerOf: plain },
    { id: `HTTP_AUTH_TOKEN_${host}`, headerOf: (token: string) => `Bearer ${token}` },
  ],
};

function plain(header: string): string {
  return header;
}

function gitToken(token: string): string {
  return `basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`;
}

/** What a build's client lends for what is fetched on its behalf, by BuildKit's names. */
export function remoteAccess(
  request: Lender,
  newSecretFolder: () => Promise<string>,
): RemoteAccess {
  return {
    async authorization(service, host, signal) {
      for (const { id, headerOf } of loginSecrets[service](host)) {
        const secret = await secretOf(request, id, signal);
        // Files with a secret tend to end with a line end.
        if (secret) return headerOf(Buffer.from(secret).toString().trim());
      }
      return undefined;
    },
    async agent(signal) {
      const agent = await agentOf(request, 'default', signal);
      if (!agent) return undefined;
      const socketPath = join(await newSecretFolder(), 'agent');
      const socket = await openAgentSocket({ agent, socketPath, mode: 0o600, uid: 0, gid: 0 });
      return { socketPath, [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose]() };
    },
  };
}
