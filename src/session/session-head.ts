import type { IncomingHttpHeaders } from 'node:http';

/** What a client says of its session when it opens it. */
export interface SessionHead {
  readonly id: string;
  /** Names the machine and folder a client builds from, over several builds. */
  readonly sharedKey: string;
  /** Paths of the methods it serves, in lower case. */
  readonly methods: ReadonlySet<string>;
}

/** Headers of `POST /session` (BuildKit, session/session.go). */
export const sessionHeader = {
  id: 'x-docker-expose-session-uuid',
  name: 'x-docker-expose-session-name',
  sharedKey: 'x-docker-expose-session-sharedkey',
  method: 'x-docker-expose-session-grpc-method',
} as const;

/** Reads the head from the headers of a request; Node joins those of one name with commas. */
export function sessionHeadOf(headers: IncomingHttpHeaders): SessionHead {
  const text = (name: string) => String(headers[name] ?? '');
  const paths = text(sessionHeader.method).split(',');
  return {
    id: text(sessionHeader.id),
    sharedKey: text(sessionHeader.sharedKey),
    methods: new Set(paths.map((path) => path.trim().toLowerCase()).filter(Boolean)),
  };
}
