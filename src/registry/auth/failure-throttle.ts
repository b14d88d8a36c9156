/** Wrong passwords forgiven before waiting begins, for one name from one address, and in all. */
const forgivenForName = 5;
const forgivenForAddress = 20;
const longestWaitMs = 60_000;
const forgetAfterMs = 15 * 60_000;
const mostEntries = 10_000;

interface Failures {
  count: number;
  lastAtMs: number;
}

/**
 * Slows down guessing: after some failures an address waits, twice as long each time, up to a
 * minute. It counts per name and address, so that nobody can lock out somebody else.
 */
export function failureThrottle(now: () => number = Date.now) {
  const entries = new Map<string, Failures>();

  function waitOf(key: string, forgiven: number): number {
    const failures = entries.get(key);
    if (!failures || now() - failures.lastAtMs > forgetAfterMs) return 0;
    const excess = failures.count - forgiven;
    if (excess < 0) return 0;
    const pauseMs = Math.min(1000 * 2 ** Math.min(excess, 10), longestWaitMs);
    return Math.max(failures.lastAtMs + pauseMs - now(), 0);
  }

  function count(key: string): void {
    const known = entries.get(key);
    const isFresh = known && now() - known.lastAtMs <= forgetAfterMs;
    entries.delete(key);
    entries.set(key, { count: isFresh ? known.count + 1 : 1, lastAtMs: now() });
    const oldest = entries.keys().next().value;
    if (entries.size > mostEntries && oldest !== undefined) entries.delete(oldest);
  }

  return {
    /** Milliseconds to wait before the next try; 0 to go ahead. */
    waitMs: (name: string, address: string) =>
      Math.max(
        waitOf(`${network(address)} ${name}`, forgivenForName),
        waitOf(network(address), forgivenForAddress),
      ),
    failed(name: string, address: string): void {
      count(`${network(address)} ${name}`);
      count(network(address));
    },
    succeeded(name: string, address: string): void {
      entries.delete(`${network(address)} ${name}`);
    },
  };
}

/** Who has one IPv6 address has its whole /64. */
function network(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [before = '', after] = address.replace(/%.*/s, '').split('::');
  const groups = before === '' ? [] : before.split(':');
  // What `::` leaves out are zeros, as many as make eight groups.
  const absent = after === undefined ? 0 : 8 - groups.length - after.split(':').length;
  return [...groups, ...Array(Math.max(absent, 0)).fill('0'), ...(after ?? '').split(':')]
    .slice(0, 4)
    .join(':');
}
