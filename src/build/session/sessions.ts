import { setMaxListeners } from 'node:events';
import { canceled, type Digest, randomId } from '../../core/index.ts';
import type { BuildEvent, BuildRequest, BuildResult } from '../builder.ts';
import { buildInSession } from './build-in-session.ts';
import type { BuilderState, Session } from './session.ts';

/** The builds under way, and those whose result is still to be taken. */
export interface Sessions {
  build(
    request: BuildRequest,
    options: { onEvent: (event: BuildEvent) => void; signal?: AbortSignal },
  ): Promise<BuildResult>;
  /** Stacks they need. */
  held(): ReadonlySet<Digest>;
  /** Stops all, and waits for their end. */
  stop(): Promise<void>;
}

export function createSessions(state: BuilderState, onEnd: () => void): Sessions {
  const running = new Map<Session, Promise<unknown>>();
  const open = new Set<Session>();

  async function build(
    request: BuildRequest,
    { onEvent, signal }: { onEvent: (event: BuildEvent) => void; signal?: AbortSignal },
  ): Promise<BuildResult> {
    const session = newSession(request, onEvent);
    const { controller } = session;
    const abort = () => controller.abort(canceled('build: canceled', { cause: signal?.reason }));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    open.add(session);
    const work = buildInSession(state, session).finally(() => {
      signal?.removeEventListener('abort', abort);
      running.delete(session);
      onEnd();
    });
    running.set(session, work);
    try {
      const { lent, ...result } = await work;
      if (result.archives.length === 0) open.delete(session);
      return {
        ...result,
        async [Symbol.asyncDispose]() {
          open.delete(session);
          await lent?.[Symbol.asyncDispose]();
        },
      };
    } catch (error) {
      // What others still want of it needs its stacks.
      const left = Promise.allSettled(session.hosted);
      void left.then(() => open.delete(session));
      throw error;
    }
  }

  return {
    build,
    held: () => new Set([...open].flatMap(({ held }) => [...held])),
    async stop() {
      for (const { controller } of running.keys()) {
        controller.abort(canceled('build: the daemon is shutting down'));
      }
      await Promise.allSettled(running.values());
    },
  };
}

function newSession(request: BuildRequest, emit: (event: BuildEvent) => void): Session {
  const controller = new AbortController();
  // Each stage that waits for something listens.
  setMaxListeners(0, controller.signal);
  return {
    buildId: randomId(),
    request,
    emit,
    controller,
    resources: new AsyncDisposableStack(),
    held: new Set(),
    hosted: new Set(),
  };
}
