import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RemoteBlobs, RemoteFolder } from '../build/index.ts';
import { type ByteStream, errorKind, unsupported } from '../core/index.ts';
import { bytesOf, joinConnection, sendBytes } from './byte-messages.ts';
import { contentRead } from './content-methods.ts';
import { diffCopyPath, remoteFolder } from './files/remote-folder.ts';
import { sendFolder } from './files/serve-folder.ts';
import { type Channel, type OpenCall, openChannel } from './grpc/channel.ts';
import { remoteBlobs } from './remote-blobs.ts';
import type { SessionHead } from './session-head.ts';
import * as methods from './session-methods.ts';
import { watchHealth } from './watch-health.ts';

/** The daemon's end of a session: what the client of a build offers. Dispose cuts it. */
export interface Session extends AsyncDisposable {
  readonly id: string;
  /** Aborted when the client is gone. */
  readonly closed: AbortSignal;
  /** A folder by the client's name for it. */
  folder(name: string): RemoteFolder;
  /** Blobs of a store by the client's name for it. */
  blobs(store: string): RemoteBlobs;
  /** Undefined when the client has none of this id, or none at all. */
  secret(id: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Whether the client forwards an agent of this id. */
  hasAgent(id: string, signal?: AbortSignal): Promise<boolean>;
  /** Joins a connection to an agent of the client's; settles when either has ended. */
  forwardAgent(id: string, connection: Duplex): Promise<void>;
  /** What the client logs in to a registry with; undefined where it does not. */
  login(host: string, signal?: AbortSignal): Promise<methods.Login | undefined>;
  /** What the client uploads under a path of its choice. */
  upload(path: string, signal?: AbortSignal): ByteStream;
  /** Hands an output to the client, to be written to a file; `about` goes along. */
  sendFile(content: ByteStream, options: SendOptions): Promise<void>;
  /** Hands a folder of this machine to the client, to be written below one of its own. */
  sendFolder(root: string, options: SendOptions): Promise<void>;
}

interface SendOptions {
  /** Which output, as the client numbers or names them. */
  readonly output?: string;
  readonly about?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Speaks to a client over the connection it gave up for this. */
export function openSession(connection: Socket, head: SessionHead): Session {
  const channel = openChannel(connection);
  const offers = (path: string) => head.methods.has(path.toLowerCase());
  watchHealth(channel, offers(methods.checkHealth.path));
  return {
    id: head.id,
    closed: channel.closed,
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
    folder: (name) =>
      remoteFolder(channel, {
        name,
        // Without a key of its own, a client's folder is known for this session only.
        key: head.sharedKey === '' ? undefined : [name, '', head.sharedKey].join(':'),
        isOffered: offers(diffCopyPath),
      }),
    blobs: (store) => remoteBlobs(channel, { store, isOffered: offers(contentRead.path) }),
    async secret(id, signal) {
      if (!offers(methods.getSecret.path)) return undefined;
      const found = await orNothing(channel.ask(methods.getSecret, { id }, { signal }));
      return found?.data;
    },
    async hasAgent(id, signal) {
      if (!offers(methods.checkAgent.path)) return false;
      try {
        await channel.ask(methods.checkAgent, { id }, { signal });
        return true;
      } catch (error) {
        // Clients that forward none answer with an error of no code in particular.
        if ((error as { code?: unknown }).code === 'CALL_FAILED') return false;
        throw error;
      }
    },
    async forwardAgent(id, forwarded) {
      const call = channel.open(methods.forwardAgentPath, {
        metadata: { [methods.agentIdHeader]: [id] },
      });
      forwarded.once('close', call.cancel);
      await joinConnection(call, forwarded, call.end);
    },
    async login(host, signal) {
      if (!offers(methods.getCredentials.path)) return undefined;
      const login = await orNothing(channel.ask(methods.getCredentials, { host }, { signal }));
      return login?.secret ? login : undefined;
    },
    upload: (path, signal) => uploadOf(channel, path, signal),
    async sendFile(content, options) {
      await sending(openSend(channel, offers, options), async (call) => {
        const refused = drain(call.messages);
        await Promise.race([sendBytes(call, content), refused.then(() => never)]);
        call.end();
        await refused;
      });
    },
    async sendFolder(root, options) {
      await sending(openSend(channel, offers, options), async (call) => {
        const excluded = { walk: () => keepAll };
        await sendFolder(call, { root, excluded, keepsOwners: true });
        call.end();
      });
    },
  };
}

const never = new Promise<never>(() => {});

const keepAll = {
  entry: () => ({ ignored: false, prune: false, enter: () => keepAll }),
};

/** Undefined for an answer that there is none. */
async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (['not-found', 'unsupported'].includes(errorKind(error))) return undefined;
    throw error;
  }
}

function uploadOf(channel: Channel, path: string, signal?: AbortSignal): ByteStream {
  const call = channel.open(methods.pullUploadPath, {
    metadata: { urlhost: ['buildkit-session'], urlpath: [path] },
    signal,
  });
  call.end();
  return bytesOf(call.messages);
}

function openSend(
  channel: Channel,
  offers: (path: string) => boolean,
  { output, about = {}, signal }: SendOptions,
) {
  if (!offers(methods.fileSendPath)) {
    throw unsupported('send output: the client takes none over its session');
  }
  const metadata: Record<string, readonly string[]> = {};
  for (const [name, value] of Object.entries(about)) {
    metadata[`${methods.exporterHeader}${name.toLowerCase()}`] = [value];
  }
  if (output !== undefined) metadata[methods.exporterIdHeader] = [output];
  return channel.open(methods.fileSendPath, { metadata, signal });
}

/** What cannot be sent to its end is cut off: the client must not wait for more of it. */
async function sending(call: OpenCall, work: (call: OpenCall) => Promise<void>): Promise<void> {
  try {
    await work(call);
  } catch (error) {
    call.cancel();
    throw error;
  }
}

async function drain(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages);
}
