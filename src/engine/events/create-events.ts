import type { EngineEvent, Events } from './events.ts';

const mostKept = 256;

interface Subscriber {
  readonly queue: EngineEvent[];
  wake: () => void;
}

/** Past events in memory, and a queue for each who listens. */
export function createEvents(now: () => bigint = wallClockNs): Events {
  const past: EngineEvent[] = [];
  const subscribers = new Set<Subscriber>();
  let lastNs = 0n;

  return {
    publish(event) {
      const atNs = now();
      // Two events never have the same time: clients take it for their order.
      lastNs = atNs > lastNs ? atNs : lastNs + 1n;
      const stamped: EngineEvent = { ...event, timeNs: lastNs };
      past.push(stamped);
      if (past.length > mostKept) past.shift();
      for (const subscriber of subscribers) {
        subscriber.queue.push(stamped);
        subscriber.wake();
      }
    },
    subscribe(options) {
      // Listening begins now, not when the first event is asked for.
      const subscriber: Subscriber = { queue: since(past, options.sinceMs), wake: () => {} };
      subscribers.add(subscriber);
      return deliver(subscriber, options, () => subscribers.delete(subscriber));
    },
  };
}

function since(past: readonly EngineEvent[], sinceMs: number | undefined): EngineEvent[] {
  if (sinceMs === undefined) return [];
  const fromNs = BigInt(Math.round(sinceMs * 1e6));
  return past.filter(({ timeNs }) => timeNs >= fromNs);
}

async function* deliver(
  subscriber: Subscriber,
  { untilMs, signal }: { untilMs?: number; signal?: AbortSignal },
  leave: () => void,
): AsyncGenerator<EngineEvent> {
  const isOver = () => signal?.aborted || (untilMs !== undefined && Date.now() >= untilMs);
  const wake = () => subscriber.wake();
  const timer =
    untilMs === undefined ? undefined : setTimeout(wake, Math.max(0, untilMs - Date.now()));
  signal?.addEventListener('abort', wake);
  try {
    for (;;) {
      for (const event of subscriber.queue.splice(0)) {
        if (untilMs !== undefined && Number(event.timeNs / 1_000_000n) > untilMs) return;
        yield event;
      }
      if (isOver()) return;
      await new Promise<void>((resolve) => {
        subscriber.wake = resolve;
        if (subscriber.queue.length > 0 || isOver()) resolve();
      });
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', wake);
    leave();
  }
}

const startNs = BigInt(Math.round((Date.now() - performance.now()) * 1e6));

function wallClockNs(): bigint {
  return startNs + BigInt(Math.round(performance.now() * 1e6));
}
