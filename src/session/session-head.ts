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

/** Reads the head from headers as name and value in turn (Node's `rawHeaders`). */
export function sessionHeadOf(rawHeaders: readonly string[]): SessionHead {
  const values = (wanted: string) =>
    rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase() === wanted);
  return {
    id: values(sessionHeader.id)[0] ?? '',
    sharedKey: values(sessionHeader.sharedKey)[0] ?? '',
    methods: new Set(values(sessionHeader.method).map((path) => path.toLowerCase())),
  };
}
