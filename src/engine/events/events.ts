/** Something that happened, as `docker events` tells it. */
export interface EngineEvent {
  readonly type: 'container' | 'image' | 'network' | 'volume' | 'builder' | 'daemon';
  /** Such as `create`, `start`, `die`, `exec_create: sh`. */
  readonly action: string;
  readonly actorId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly timeNs: bigint;
}

/** The last 256 events are kept for `--since`. */
export interface Events {
  publish(event: Omit<EngineEvent, 'timeNs'>): void;
  /** Past events from `sinceMs`, then what comes, until `untilMs` or the signal. */
  subscribe(options: {
    sinceMs?: number;
    untilMs?: number;
    signal?: AbortSignal;
  }): AsyncIterable<EngineEvent>;
}
