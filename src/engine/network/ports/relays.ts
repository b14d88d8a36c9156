import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, errnoCode, errorMessage, unavailable } from '../../../core/index.ts';
import { closeFd, listenForHeir, reapChild, spawnDetached } from '../../../linux/index.ts';
import {
  lineReader,
  type RelayAnswer,
  type RelayRequest,
  type RelaySpec,
  relayKey,
} from './relay-protocol.ts';

/**
 * Ports that a process of their own relays, so that they and the connections through them outlive the
 * daemon, and none of what they carry passes through its event loop. The process is started when the
 * first port wants it.
 */
export interface Relays extends AsyncDisposable {
  /** Dispose of what it gives closes the port. Rejects as `listen` does: EADDRINUSE and so on. */
  open(spec: RelaySpec): Promise<AsyncDisposable>;
  /** After a start: closes what a daemon before left and none opened again. */
  closeOthers(): Promise<void>;
  /** Dispose leaves the process with the ports that are open; without any it ends. */
}

const lost = 'RELAYS_LOST';
const mostAttempts = 20;
const pauseMs = 20;

export function createRelays(options: {
  readonly socketPath: string;
  readonly warn: (message: string) => void;
}): Relays {
  const { socketPath, warn } = options;
  const wanted = new Map<string, RelaySpec>();
  let link: Promise<Link> | undefined;
  let isClosed = false;

  function linked(): Promise<Link> {
    if (link) return link;
    const opening = connectOrStart(socketPath);
    link = opening;
    const leave = () => {
      const isInUse = link === opening;
      if (isInUse) link = undefined;
      return isInUse;
    };
    opening.then(async (opened) => {
      await opened.closed;
      // Who asked one that was ending asks again by itself.
      if (leave() && opened.hasAnswered) reopen();
    }, leave);
    return opening;
  }

  function reopen(): void {
    if (isClosed || wanted.size === 0) return;
    warn('the process that relays ports has ended: another one takes over');
    for (const spec of wanted.values()) {
      ask({ kind: 'open', spec }).catch((error) =>
        warn(`relay port ${relayKey(spec)} again: ${errorMessage(error)}`),
      );
    }
  }

  /** A process that just ends may take a connection and not answer: then the next one is asked. */
  async function ask(request: RelayRequest): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await (await linked()).ask(request);
      } catch (error) {
        if (!isLost(error) || attempt === mostAttempts) throw error;
        await sleep(pauseMs);
      }
    }
  }

  /** With the last port the process goes, too. */
  async function forget(key: string): Promise<void> {
    wanted.delete(key);
    if (wanted.size > 0 || !link) return;
    const last = link;
    link = undefined;
    await (await last)[Symbol.asyncDispose]();
  }

  return {
    async open(spec) {
      const key = relayKey(spec);
      const before = wanted.get(key);
      wanted.set(key, spec);
      try {
        await ask({ kind: 'open', spec });
      } catch (error) {
        if (before) wanted.set(key, before);
        else await forget(key);
        throw error;
      }
      return {
        async [Symbol.asyncDispose]() {
          if (isClosed) return;
          await ask({ kind: 'close', key });
          await forget(key);
        },
      };
    },
    async closeOthers() {
      if (wanted.size === 0 && !link) {
        const left = await tryConnect(socketPath);
        if (!left) return;
        await using _ = left;
        await left.ask({ kind: 'keep', keys: [] }).catch((error) => {
          // It was ending by itself.
          if (!isLost(error)) throw error;
        });
      } else await ask({ kind: 'keep', keys: [...wanted.keys()] });
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await (await link?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

function isLost(error: unknown): boolean {
  return error instanceof BerthError && error.code === lost;
}

/** A connection to the process. */
interface Link extends AsyncDisposable {
  ask(request: RelayRequest): Promise<void>;
  readonly hasAnswered: boolean;
  readonly closed: Promise<void>;
}

async function connectOrStart(socketPath: string): Promise<Link> {
  return (await tryConnect(socketPath)) ?? (await start(socketPath));
}

async function tryConnect(socketPath: string): Promise<Link | undefined> {
  try {
    return createLink(await dial(socketPath));
  } catch (error) {
    // Never there, gone, or just going.
    const code = errnoCode(error) ?? '';
    if (['ENOENT', 'ECONNREFUSED', 'ECONNRESET'].includes(code)) return undefined;
    throw error;
  }
}

async function start(socketPath: string): Promise<Link> {
  // Nobody listens there any more.
  rmSync(socketPath, { force: true });
  const fd = listenForHeir(socketPath);
  const { PATH = '', NODE_COMPILE_CACHE: cache } = process.env;
  const pid = await spawnDetached({
    command: process.execPath,
    args: [
      '--disable-warning=ExperimentalWarning',
      '--max-semi-space-size=1',
      join(import.meta.dirname, 'relay-process.ts'),
      socketPath,
    ],
    env: { PATH, ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }) },
    cwd: '/',
    fds: [fd],
  }).finally(() => closeFd(fd));
  const link = createLink(await dial(socketPath));
  void link.closed.then(() => reapChild(pid));
  return link;
}

function dial(socketPath: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function createLink(socket: Socket): Link {
  const waiting: PromiseWithResolvers<void>[] = [];
  const closed = Promise.withResolvers<void>();
  let hasAnswered = false;
  // Only who waits for an answer keeps this process going.
  socket.unref();
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const one of waiting.splice(0)) {
      one.reject(unavailable('relay port: the process that relays has gone', { code: lost }));
    }
    closed.resolve();
  });
  socket.on(
    'data',
    lineReader((line) => {
      const { error } = JSON.parse(line) as RelayAnswer;
      hasAnswered = true;
      const one = waiting.shift();
      if (waiting.length === 0) socket.unref();
      if (error) one?.reject(Object.assign(new Error(error.message), { code: error.code }));
      else one?.resolve();
    }),
  );
  return {
    closed: closed.promise,
    get hasAnswered() {
      return hasAnswered;
    },
    ask(request) {
      const one = Promise.withResolvers<void>();
      if (socket.destroyed) {
        return Promise.reject(unavailable('relay port: no connection', { code: lost }));
      }
      waiting.push(one);
      socket.ref();
      socket.write(`${JSON.stringify(request)}\n`);
      return one.promise;
    },
    async [Symbol.asyncDispose]() {
      socket.ref();
      socket.end();
      await closed.promise;
    },
  };
}
