import { conflict, invalid } from '../../../core/index.ts';
import {
  type Call,
  joinConnection,
  openSession,
  type Session,
  type SessionHead,
  sessionHeadOf,
  socketPair,
} from '../../../session/index.ts';
import type { Hijack } from '../../http/route.ts';
import { createAwaitedMap } from './awaited-map.ts';

/** The sessions that build clients hold open. */
export interface Sessions {
  /** Keeps the session of this connection until the client ends it. Throws `conflict`. */
  hold(connection: Hijack['stream'], head: SessionHead): Promise<void>;
  /** The session of this id, which may be about to come. Throws `not-found`. */
  get(id: string, signal: AbortSignal): Promise<Session>;
}

export function createSessions(): Sessions {
  const sessions = createAwaitedMap<Session>();
  return {
    async hold(connection, head) {
      const { id } = head;
      if (sessions.has(id)) throw conflict(`session ${id.slice(0, 80)} already exists`);
      await using session = openSession(connection, head);
      sessions.set(id, session);
      try {
        await new Promise((resolve) => session.closed.addEventListener('abort', resolve));
      } finally {
        sessions.delete(id);
      }
    },
    get: (id, signal) =>
      sessions.get(id, { missing: `no active session for ${id.slice(0, 80)}`, signal }),
  };
}

/** Keeps a session whose connection is carried in the messages of a call. */
export async function holdInside(call: Call, sessions: Sessions): Promise<void> {
  const head = sessionHeadOf(
    Object.fromEntries(Object.entries(call.metadata).map(([name, all]) => [name, all.join(',')])),
  );
  if (head.id === '') throw invalid('open session: it has no id');
  using pair = await socketPair();
  call.signal.addEventListener('abort', () => pair.far.destroy());
  await Promise.race([sessions.hold(pair.near, head), joinConnection(call, pair.far)]);
}
